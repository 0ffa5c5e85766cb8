// Files as people have them: each layout, what it gives, and what is said where a file can be read in two
// ways. The tables of docs/data.md are made of these:
// `npx vitest run --project node test/ratings/layouts.test.ts -u` writes them anew.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";
import { Command } from "commander";
import { strToU8, zipSync } from "fflate";
import { RatingsError } from "../../src/errors.js";
import { invocation } from "../../src/cli/invocation.js";
import { addDataOptions } from "../../src/cli/options.js";
import { asTyped } from "../../src/cli/typed-names.js";
import { encodeParquet } from "../../src/export/parquet.js";
import { fileSource, readPath } from "../../src/ratings/files.js";
import { textSource } from "../../src/ratings/folder.js";
import { openRows } from "../../src/ratings/forms.js";
import type { Ratings } from "../../src/ratings/ratings.js";
import { readItems } from "../../src/ratings/items.js";
import { openText } from "../../src/ratings/open-text.js";
import type { ReadOptions } from "../../src/ratings/read-options.js";
import type { ReadResult } from "../../src/ratings/readers.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The remedies are named by its flags, too. */
invocation.command = addDataOptions(new Command());

type Content = string | Uint8Array;

interface Layout {
  readonly name: string;
  /** A file, or the files of a folder. */
  readonly file: string;
  readonly content: Content | Readonly<Record<string, Content>>;
  /** What to type, and what it means for the library. */
  readonly options?: readonly [typed: string, options: ReadOptions];
  readonly items?: string;
  readonly users: number;
  readonly rated: number;
  readonly ratings: number;
  /** All of them: user, item, rating. */
  readonly all: string;
  readonly mean: number;
  /** Seconds of the first time, and the first title. */
  readonly time?: number;
  readonly title?: string;
  readonly columns: string;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string, bigEndian = false): Uint8Array => {
  const bytes = new Uint8Array(Buffer.from(`\uFEFF${text}`, "utf16le"));
  return bigEndian ? new Uint8Array(Buffer.from(bytes).swap16()) : bytes;
};
const parquet = (codec: "SNAPPY" | "GZIP"): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      codec,
      compressors: { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) },
      columnData: [
        { name: "movie", data: ["heat", "babe", "heat"], type: "STRING" },
        { name: "user_id", data: [7n, 7n, 8n], type: "INT64" },
        { name: "note", data: ["a", "b", "c"], type: "STRING" },
        { name: "stars", data: [4, 3, 5], type: "DOUBLE" },
        { name: "date", data: ["2020-01-01", "2020-01-02", "2020-01-03"].map((day) => new Date(day)), type: "TIMESTAMP" },
      ],
    }),
  );

/** Likes in a column of booleans. */
const booleans = (name: string): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "user", data: ["ann", "ann", "bob"], type: "STRING" },
        { name: "item", data: ["heat", "babe", "heat"], type: "STRING" },
        { name, data: [true, false, true], type: "BOOLEAN" },
      ],
    }),
  );

const T = Date.UTC(2020, 0, 1) / 1000;
/** Three ratings by two users of two items, mean 4. */
const three = { users: 2, rated: 2, ratings: 3, mean: 4 };
/** Of them two liked. */
const likes = { ...three, mean: 2 / 3, all: "ann heat 1; ann babe 0; bob heat 1" };

const LAYOUTS: readonly Layout[] = [
  { name: "MovieLens, CSV", file: "ratings.csv", content: "userId,movieId,rating,timestamp\n1,10,4,1577836800\n1,11,3,1577836801\n2,10,5,1577836802\n", ...three, time: T, all: "1 10 4; 1 11 3; 2 10 5", columns: "userId → user, movieId → item, rating → rating, timestamp → time" },
  { name: "MovieLens, u.data: tabs, no header", file: "u.data", content: "1\t10\t4\t1577836800\n1\t11\t3\t1577836801\n2\t10\t5\t1577836802\n", ...three, time: T, all: "1 10 4; 1 11 3; 2 10 5", columns: "column 1 → user, column 2 → item, column 3 → rating, column 4 → time" },
  { name: "MovieLens, a folder of ratings.dat and movies.dat in UTF-8", file: "ml", content: { "ratings.dat": "1::10::4::1577836800\n1::11::3::1577836801\n2::10::5::1577836802\n", "movies.dat": "10::Amélie (2001)::Comedy|Romance\n11::B (1990)::Drama\n" }, ...three, time: T, title: "Amélie (2001)", all: "1 10 4; 1 11 3; 2 10 5", columns: "column 1 → user, column 2 → item, column 3 → rating, column 4 → time" },
  { name: "columns in another order, known by name", file: "a.csv", content: "rating,movie,person\n4,heat,ann\n3,babe,ann\n5,heat,bob\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "person → user, movie → item, rating → rating" },
  { name: "Yelp: an id in front", file: "b.csv", content: "review_id,user_id,business_id,stars\nr1,ann,bar,4\nr2,ann,pub,3\nr3,bob,bar,5\n", ...three, all: "ann bar 4; ann pub 3; bob bar 5", columns: "user_id → user, business_id → item, stars → rating" },
  { name: "games before users", file: "c.csv", content: "game,user,score\nchess,ann,4\ngo,ann,3\nchess,bob,5\n", ...three, all: "ann chess 4; ann go 3; bob chess 5", columns: "user → user, game → item, score → rating" },
  { name: "RecBole: typed names, items first", file: "set", content: { "set.inter": "item_id:token\tuser_id:token\trating:float\ttimestamp:float\n10\t1\t4\t1577836800\n11\t1\t3\t1577836801\n10\t2\t5\t1577836802\n", "set.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n10\tHeat\t1995\tAction Crime\n" }, ...three, time: T, title: "Heat (1995)", all: "1 10 4; 1 11 3; 2 10 5", columns: "user_id → user, item_id → item, rating → rating, timestamp → time" },
  { name: "Book-Crossing: semicolons, quotes, Latin-1, zeros for none", file: "BX-Book-Ratings.csv", content: latin1(`"User-ID";"ISBN";"Book-Rating"\r\n"1";"00\xe9";"4"\r\n"1";"00\xe8";"3"\r\n"2";"00\xe9";"5"\r\n"2";"x";"0"\r\n`), options: ["--missing 0", { missing: ["0"] }], ...three, all: "1 00é 4; 1 00è 3; 2 00é 5", columns: "User-ID → user, ISBN → item, Book-Rating → rating" },
  { name: "anime: −1 for seen, not rated", file: "anime.csv", content: "user_id,anime_id,rating\n1,20,-1\n1,21,4\n1,22,3\n2,21,5\n", options: ["--missing -1", { missing: ["-1"] }], ...three, all: "1 21 4; 1 22 3; 2 21 5", columns: "user_id → user, anime_id → item, rating → rating" },
  { name: "missing ratings in words", file: "na.csv", content: "user,item,rating\nann,heat,4\nann,babe,3\nbob,heat,5\nbob,babe,NA\n", options: ["--missing NA", { missing: ["NA"] }], ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "positives only: two columns", file: "likes.csv", content: "ann,heat\nann,babe\nbob,heat\n", ...three, mean: 1, all: "ann heat 1; ann babe 1; bob heat 1", columns: "column 1 → user, column 2 → item; no ratings: every row counts as 1" },
  { name: "events with times and no ratings", file: "events.csv", content: "user_id,item_id,timestamp\nann,heat,1577836800\nann,babe,1577836801\nbob,heat,1577836802\n", ...three, mean: 1, time: T, all: "ann heat 1; ann babe 1; bob heat 1", columns: "user_id → user, item_id → item, timestamp → time; no ratings: every row counts as 1" },
  { name: "likes and dislikes, true and false", file: "steam.csv", content: "user,item,voted_up\nann,heat,True\nann,babe,False\nbob,heat,True\n", ...likes, columns: "user → user, item → item, voted_up → rating, true → 1, false → 0" },
  { name: "likes and dislikes in words, in a column of ratings", file: "words.csv", content: "user,item,rating\nann,heat,Recommended\nann,babe,Not Recommended\nbob,heat,Recommended\n", ...likes, columns: "user → user, item → item, rating → rating, recommended → 1, not recommended → 0" },
  { name: "likes and dislikes without a header", file: "likes.tsv", content: "ann\theat\tlike\nann\tbabe\tdislike\nbob\theat\tlike\n", ...likes, columns: "column 1 → user, column 2 → item, column 3 → rating, like → 1, dislike → 0" },
  { name: "likes and dislikes: JSON's true and false", file: "likes.jsonl", content: '{"user":"ann","item":"heat","liked":true}\n{"user":"ann","item":"babe","liked":false}\n{"user":"bob","item":"heat","liked":true}\n', ...likes, columns: "user → user, item → item, liked → rating, true → 1, false → 0" },
  { name: "likes and dislikes: Parquet's", file: "likes.parquet", content: booleans("liked"), ...likes, columns: "user → user, item → item, liked → rating, true → 1, false → 0" },
  { name: "likes and dislikes: Parquet's, by a known name", file: "rating.parquet", content: booleans("rating"), ...likes, columns: "user → user, item → item, rating → rating, true → 1, false → 0" },
  { name: "a log of plays, added up", file: "plays.tsv", content: "customer\tartist\tplays\nann\tabba\t2\nann\tabba\t5\nbob\tabba\t3\nbob\tblur\t2\n", options: ["--duplicates sum", { duplicates: "sum" }], ...three, all: "ann abba 7; bob abba 3; bob blur 2", columns: "customer → user, artist → item, plays → rating" },
  { name: "a log of clicks, counted", file: "clicks.csv", content: "visitorid,itemid,timestamp\nann,a,1577836800000\nann,a,1577836801000\nann,b,1577836802000\nbob,a,1577836803000\n", options: ["--duplicates count", { duplicates: "count" }], ...three, mean: 4 / 3, time: T + 1, all: "ann a 2; ann b 1; bob a 1", columns: "visitorid → user, itemid → item, timestamp → time; no ratings: every row counts as 1" },
  { name: "decimal commas, semicolons", file: "comma.csv", content: "user;item;rating\nann;heat;4,5\nann;babe;3\nbob;heat;4,5\n", ...three, all: "ann heat 4.5; ann babe 3; bob heat 4.5", columns: "user → user, item → item, rating → rating" },
  { name: "Excel's sep= line", file: "sep.csv", content: "sep=;\r\nuser;item;rating\r\nann;heat;4\r\nann;babe;3\r\nbob;heat;5\r\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "UTF-16, little end first, with tabs (Excel's Unicode text)", file: "utf16.txt", content: utf16("user\titem\trating\r\nann\tAmélie\t4\r\nann\tZoë\t3\r\nbob\tAmélie\t5\r\n"), ...three, all: "ann Amélie 4; ann Zoë 3; bob Amélie 5", columns: "user → user, item → item, rating → rating" },
  { name: "UTF-16, big end first", file: "utf16be.csv", content: utf16("user,item,rating\nann,Amélie,4\nann,Zoë,3\nbob,Amélie,5\n", true), ...three, all: "ann Amélie 4; ann Zoë 3; bob Amélie 5", columns: "user → user, item → item, rating → rating" },
  { name: "UTF-8 with its byte order mark", file: "bom.csv", content: "\uFEFFuser,item,rating\nann,Amélie,4\nann,Zoë,3\nbob,Amélie,5\n", ...three, all: "ann Amélie 4; ann Zoë 3; bob Amélie 5", columns: "user → user, item → item, rating → rating" },
  { name: "a code page of one's own", file: "cyrillic.csv", content: Uint8Array.from([...latin1("user,item,rating\nann,"), 0xc4, 0xce, ...latin1(",4\nann,b,3\nbob,"), 0xc4, 0xce, ...latin1(",5\n")]), options: ["--encoding windows-1251", { encoding: "windows-1251" }], ...three, all: "ann ДО 4; ann b 3; bob ДО 5", columns: "user → user, item → item, rating → rating" },
  { name: "lines ended by CR alone (old Macs)", file: "mac.csv", content: "user,item,rating\rann,heat,4\rann,babe,3\rbob,heat,5\r", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "blanks and decimal commas, no header", file: "decimal.txt", content: "ann heat 4,5\nann babe 3,0\nbob heat 4,5\n", ...three, all: "ann heat 4.5; ann babe 3; bob heat 4.5", columns: "column 1 → user, column 2 → item, column 3 → rating" },
  { name: "a header behind a mark, comments above", file: "marked.txt", content: "# made by hand, in 2020\n% user  item  rating\nann heat 4\nann babe 3\nbob heat 5\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating; 1 comment line skipped" },
  { name: "comments above the header", file: "comments.csv", content: "# made by hand\n# in 2020\n\nuser,item,rating\nann,heat,4\nann,babe,3\nbob,heat,5\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating; 2 comment lines skipped" },
  { name: "ids that begin with a mark", file: "tags.csv", content: "#ann,heat,4\n#ann,babe,3\nbob,heat,5\n", ...three, all: "#ann heat 4; #ann babe 3; bob heat 5", columns: "column 1 → user, column 2 → item, column 3 → rating" },
  { name: "numbers for a header (pandas)", file: "numbered.csv", content: "0,1,2,3\n1,10,4,1577836800\n1,11,3,1577836801\n2,10,5,1577836802\n", ...three, time: T, all: "1 10 4; 1 11 3; 2 10 5", columns: "column 1 → user, column 2 → item, column 3 → rating, column 4 → time" },
  { name: "tabs, and reviews full of commas", file: "reviews.tsv", content: "user\titem\trating\treview\nann\theat\t4\tGood, long, loud, dark, yes\nann\tbabe\t3\tA pig, a dog, a farm, sheep, no\nbob\theat\t5\tGreat, yes, again, and, again\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "commas, and tags with pipes, no header", file: "tags.csv", content: "ann,heat,4,a|b|c|d|e|f\nann,babe,3,a|b|c|d|e|f\nbob,heat,5,a|b|c|d|e|f\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "column 1 → user, column 2 → item, column 3 → rating" },
  { name: "semicolons, and commas in every title", file: "titles.csv", content: "user;title;rating\nann;Heat, The, One, Two, X;4\nann;Babe, The, One, Two, X;3\nbob;Heat, The, One, Two, X;5\n", ...three, all: "ann Heat, The, One, Two, X 4; ann Babe, The, One, Two, X 3; bob Heat, The, One, Two, X 5", columns: "user → user, title → item, rating → rating" },
  { name: "tabs, by their name", file: "tabs.txt", content: "user,x\titem\trating\nann,a\theat\t4\nann,a\tbabe\t3\nbob,b\theat\t5\n", options: ["--delimiter tab --user-column 1", { delimiter: "tab", columns: { user: 0 } }], ...three, all: "ann,a heat 4; ann,a babe 3; bob,b heat 5", columns: "user,x → user, item → item, rating → rating" },
  { name: "runs of blanks", file: "blanks.txt", content: "user  item   rating\n ann  heat   4\n ann  babe   3\n bob  heat   5\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "pipes, and a title with a comma in line 1", file: "pipes.txt", content: "ann|Good, Bad, Ugly, The|4\nann|Babe|3\nbob|Good, Bad, Ugly, The|5\n", ...three, all: "ann Good, Bad, Ugly, The 4; ann Babe 3; bob Good, Bad, Ugly, The 5", columns: "column 1 → user, column 2 → item, column 3 → rating" },
  { name: "ISO dates", file: "dates.csv", content: "customer,product,rating,date\nann,tea,4,2020-01-01\nann,jam,3,2020-01-02T10:30:00Z\nbob,tea,5,2020-01-03 11:00\n", ...three, time: T, all: "ann tea 4; ann jam 3; bob tea 5", columns: "customer → user, product → item, rating → rating, date → time" },
  { name: "4/5", file: "outof.csv", content: "user,item,rating\nann,heat,4/5\nann,babe,3/5\nbob,heat,5/5\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "stars", file: "stars.csv", content: "user,item,stars\nann,heat,★★★★☆\nann,babe,★★★\nbob,heat,★★★★★\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, stars → rating" },
  { name: "empty rows of a spreadsheet", file: "empty.csv", content: "user,item,rating\nann,heat,4\n,,\nann,babe,3\nbob,heat,5\n,,\n,,\n", ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "Amazon's reviews: JSON lines, packed", file: "reviews.json.gz", content: gzipSync('{"reviewerID":"ann","asin":"00A","overall":4.0,"reviewText":"a, \\"b\\"","unixReviewTime":1577836800}\n{"asin":"00B","reviewerID":"ann","overall":3.0,"unixReviewTime":1577836801}\n{"reviewerID":"bob","asin":"00A","overall":5.0,"unixReviewTime":1577836802}\n'), ...three, time: T, all: "ann 00A 4; ann 00B 3; bob 00A 5", columns: "reviewerID → user, asin → item, overall → rating, unixReviewTime → time" },
  { name: "JSON, one array of objects", file: "all.json", content: '[\n {"user":"ann","movie":"heat","rating":4},\n {"user":"ann","movie":"babe","rating":3},\n {"user":"bob","movie":"heat","rating":5}\n]\n', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, movie → item, rating → rating" },
  { name: "JSON lines, ids beyond 2⁵³", file: "long.jsonl", content: '{"user":9007199254740992,"item":10,"rating":4}\n{"user":9007199254740992,"item":1234567890123456789,"rating":3}\n{"user":9007199254740993,"item":10,"rating":5}\n', ...three, all: "9007199254740992 10 4; 9007199254740992 1234567890123456789 3; 9007199254740993 10 5", columns: "user → user, item → item, rating → rating" },
  { name: "JSON lines, a list each", file: "lists.jsonl", content: '["ann","heat",4]\n["ann","babe",3]\n["bob","heat",5]\n', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "column 1 → user, column 2 → item, column 3 → rating" },
  { name: "JSON, an array of lists", file: "lists.json", content: '[["ann","heat",4],\n ["ann","babe",3],\n ["bob","heat",5]]', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "column 1 → user, column 2 → item, column 3 → rating" },
  { name: "JSON, a list a column", file: "columns.json", content: '{"user":["ann","ann","bob"],"item":["heat","babe","heat"],"rating":[4,3,5]}', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "JSON by pandas: to_json()", file: "pandas.json", content: '{"user":{"0":"ann","1":"ann","3":"bob"},"item":{"0":"heat","1":"babe","3":"heat"},"rating":{"0":4.0,"1":3.0,"3":5.0}}', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: 'JSON by pandas: orient="split", over several lines', file: "split.json", content: '{\n "columns": ["user", "item", "rating"],\n "index": [0, 1, 2],\n "data": [["ann", "heat", 4], ["ann", "babe", 3],\n  ["bob", "heat", 5]]\n}\n', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: 'JSON by pandas: orient="index"', file: "index.json", content: '{"0":{"user":"ann","item":"heat","rating":4},"1":{"user":"ann","item":"babe","rating":3},"2":{"user":"bob","item":"heat","rating":5}}', ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "JSON lines of MongoDB's export", file: "mongo.json", content: '{"_id":{"$oid":"a1"},"user":{"$numberLong":"9007199254740993"},"item":"heat","rating":{"$numberInt":"4"},"date":{"$date":"2020-01-01T00:00:00Z"}}\n{"_id":{"$oid":"a2"},"user":{"$numberLong":"9007199254740993"},"item":"babe","rating":3,"date":{"$date":"2020-01-02T00:00:00Z"}}\n{"_id":{"$oid":"a3"},"user":{"$numberLong":"9007199254740992"},"item":"heat","rating":{"$numberDouble":"5.0"},"date":{"$date":"2020-01-03T00:00:00Z"}}\n', ...three, time: T, all: "9007199254740993 heat 4; 9007199254740993 babe 3; 9007199254740992 heat 5", columns: "user → user, item → item, rating → rating, date → time" },
  { name: "Parquet", file: "ratings.parquet", content: parquet("SNAPPY"), ...three, time: T, all: "7 heat 4; 7 babe 3; 8 heat 5", columns: "user_id → user, movie → item, stars → rating, date → time" },
  { name: "Parquet, by gzip", file: "gzip.parquet", content: parquet("GZIP"), ...three, time: T, all: "7 heat 4; 7 babe 3; 8 heat 5", columns: "user_id → user, movie → item, stars → rating, date → time" },
  { name: "Parquet, this program's own lists", file: "lists.parquet", content: await encodeParquet([{ name: "user", kind: "text", values: ["ann", "ann", "bob"] }, { name: "rank", kind: "count", values: [1, 2, 1] }, { name: "item", kind: "text", values: ["heat", "babe", "heat"] }, { name: "score", kind: "float", values: [4, 3, 5] }]), ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, score → rating" },
  { name: "MatrixMarket, coordinates", file: "m.mtx", content: "%%MatrixMarket matrix coordinate real general\n% made by hand\n 2 2 3\n1 1 4\n1  2  3\n2 1 5.0\n", ...three, all: "1 1 4; 1 2 3; 2 1 5", columns: "row → user, column → item, entry → rating" },
  { name: "MatrixMarket, a pattern", file: "p.mtx", content: "%%MatrixMarket matrix coordinate pattern general\n2 2 3\n1 1\n1 2\n2 1\n", ...three, mean: 1, all: "1 1 1; 1 2 1; 2 1 1", columns: "row → user, column → item; no ratings: every row counts as 1" },
  { name: "ARFF (Weka)", file: "w.arff", content: "% by hand\n@relation ratings\n@attribute user string\n@attribute 'item' string\n@attribute rating numeric\n@data\nann,'It\\'s, heat',4\nann,babe,3\nbob,'It\\'s, heat',5\n", ...three, all: "ann It's, heat 4; ann babe 3; bob It's, heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "Netflix, a file of many movies", file: "combined_data_1.txt", content: "8:\n1,4,2020-01-01\n2,5,2020-01-02\n9:\n1,3,2020-01-03\n", ...three, time: T, all: "1 8 4; 2 8 5; 1 9 3", columns: "customer → user, movie → item, rating → rating, date → time" },
  { name: "Netflix, a folder of a file a movie", file: "netflix", content: { "mv_0000008.txt": "8:\n1,4,2020-01-01\n2,5,2020-01-02\n", "mv_0000009.txt": "9:\n1,3,2020-01-03\n", "movie_titles.txt": latin1("8,1995,Am\xe9lie, the Film\n9,NULL,Babe\n") }, ...three, time: T, title: "Amélie, the Film (1995)", all: "1 8 4; 2 8 5; 1 9 3", columns: "customer → user, movie → item, rating → rating, date → time" },
  { name: "Spark's part files in a folder", file: "spark", content: { "part-00000-a.csv": "user,item,rating\nann,heat,4\nann,babe,3\n", "part-00001-a.csv": "user,item,rating\nbob,heat,5\n", _SUCCESS: "", ".part-00000-a.csv.crc": latin1("\x00\x01") }, ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "MovieLens, a zip archive as it is fetched", file: "ml.zip", content: zipSync({ "ml/README.txt": strToU8("terms"), "ml/ratings.csv": strToU8("userId,movieId,rating,timestamp\n1,10,4,1577836800\n1,11,3,1577836801\n2,10,5,1577836802\n"), "ml/movies.csv": strToU8("movieId,title,genres\n10,Heat (1995),Action|Crime\n11,Babe (1995),Comedy\n") }), ...three, time: T, title: "Heat (1995)", all: "1 10 4; 1 11 3; 2 10 5", columns: "userId → user, movieId → item, rating → rating, timestamp → time" },
  { name: "a zip archive of one table", file: "one.zip", content: zipSync({ "likes.txt": strToU8("user item rating\nann heat 4\nann babe 3\nbob heat 5\n") }), ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "user → user, item → item, rating → rating" },
  { name: "a matrix with names", file: "matrix.csv", content: "person,heat,babe,alien\nann,4,3,\nbob,5,,\n", options: ["--layout matrix", { layout: "matrix" }], ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "person → user, item → item, rating → rating" },
  { name: "a matrix in Parquet", file: "matrix.parquet", content: new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "person", data: ["ann", "bob"], type: "STRING" }, { name: "heat", data: [4, 5], type: "INT32" }, { name: "babe", data: [3, null], type: "INT32" }] })), options: ["--layout matrix", { layout: "matrix" }], ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "person → user, item → item, rating → rating" },
  { name: "Jester: a matrix of numbers, 99 for none, a count in front", file: "jester.csv", content: "2,4.0,3.0,99\n1,5.0,99,99\n", options: ["--layout matrix --missing 99", { layout: "matrix", missing: ["99"] }], ...three, all: "1 1 4; 1 2 3; 2 1 5", columns: "person → user, item → item, rating → rating" },
  { name: "columns named by number", file: "num.csv", content: "x,4,ann,heat\ny,3,ann,babe\nz,5,bob,heat\n", options: ["--user-column 3 --item-column 4 --rating-column 2", { columns: { user: 2, item: 3, rating: 1 } }], ...three, all: "ann heat 4; ann babe 3; bob heat 5", columns: "column 3 → user, column 4 → item, column 2 → rating" },
  { name: "titles of one's own", file: "own.csv", content: "user,item,rating\nann,1,4\nann,2,3\nbob,1,5\n", items: "item,name,genre,release_date\n1,Heat,\"Action, Crime\",1995-12-15\n2,Babe,Comedy,1995\n", options: ["--items films.csv", {}], ...three, title: "Heat (1995)", all: "ann 1 4; ann 2 3; bob 1 5", columns: "user → user, item → item, rating → rating" },
]; // prettier-ignore

const rows = (count: number, row: (at: number) => string): string => Array.from({ length: count }, (_, at) => `${row(at)}\n`).join("");
/** Forty rows of many users and items, the rating by number. */
const forty = (rating: (at: number) => number): string => `user,item,rating\n${rows(40, (at) => `u${at % 20},i${at % 39},${rating(at)}`)}`;

interface Refused {
  readonly name: string;
  readonly content: Content;
  readonly says: RegExp;
  /** What to give, and what to type. */
  readonly remedy: RegExp;
  readonly typed?: RegExp;
}

const REFUSED: readonly Refused[] = [
  { name: "−1 for seen, not rated", content: forty((at) => (at % 4 === 0 ? -1 : 1 + (at % 10))), says: /25 % of the ratings are -1, all others from 1 to 10/, remedy: /missing: \["-1"\] leaves/, typed: /--missing -1 leaves/ },
  { name: "more than half zeros", content: forty((at) => (at % 7 < 4 ? 0 : 1 + (at % 10))), says: /60 % of the ratings are 0/, remedy: /missing: \["0"\] leaves/, typed: /--missing 0 leaves/ },
  { name: "99 for none", content: forty((at) => (at % 8 === 0 ? 99 : 1 + (at % 5))), says: /13 % of the ratings are 99/, remedy: /missing: \["99"\] leaves such rows out; missing: \[\] keeps 99/, typed: /--missing 99 leaves/ },
  { name: "times in the place of ratings", content: rows(30, (at) => `u${at % 9},i${at},${1577836800 + at}`), says: /column 3 would be the ratings, but looks like times/, remedy: /columns: { time: 2 } where every row counts as 1, or columns: { rating: 2 } if/, typed: /--time-column 3/ },
  { name: "a rating in front, without names", content: rows(30, (at) => `${1 + (at % 5)},i${at},ann`), says: /column 3 would be the ratings, but holds none \("ann"\)/, remedy: /columns: { user: 1, item: 2, rating: 0 }/, typed: /--user-column 2 --item-column 3 --rating-column 1/ },
  { name: "as many users as there are rating values", content: rows(100, (at) => `${1 + (at % 5)},${at},${at % 90}`), says: /there are 5 users, called 1, 2, 3, 4, 5, and 90 values of ratings: columns may be swapped/, remedy: /columns: { user: 1, item: 2, rating: 0 }/, typed: /--user-column 2 --item-column 3 --rating-column 1/ },
  { name: "numbers of the rows in front, without a header", content: rows(40, (at) => `${at},${at % 9},${at % 7},${1 + (at % 5)}`), says: /each of the 40 rows has a user of its own \(0, 1, 2 …\)/, remedy: /columns: { user: 1, item: 2, rating: 3 }; or columns: { user: 0, item: 1, rating: 2, time: 3 } where/, typed: /--user-column 2 --item-column 3 --rating-column 4; or --user-column 1/ },
  { name: "ratings in the place of times", content: rows(40, (at) => `${3 * at},${at % 9},${500 + at},${1 + (at % 5)}`), says: /column 4 would be the times, but looks like ratings \(1\), and column 3 would be the ratings, but does not \(500\)/, remedy: /columns: { user: 1, item: 2, rating: 3 }/, typed: /--user-column 2 --item-column 3 --rating-column 4/ },
  { name: "0, 1, 2 in the first line", content: `0,1,2\n${rows(30, (at) => `${1 + (at % 9)},${at},${1 + (at % 5)}`)}`, says: /line 1 is 0, 1, 2: it may number the columns, or be a rating/, remedy: /header: true .* header: false/, typed: /--header takes it for a header, --no-header/ },
  { name: "two words that may be likes", content: `user,item,reaction\n${rows(40, (at) => `u${at % 9},i${at},${at % 3 === 0 ? "meh" : "wow"}`)}`, says: /reaction may be the ratings, and holds "meh" and "wow"/, remedy: /columns: { rating: "none" } where every row counts as 1, or write yes/, typed: /--rating-column none/ },
  { name: "words, a known one among them", content: `user,item,reaction\n${rows(40, (at) => `u${at % 9},i${at},${["like", "love", "dislike"][at % 3]}`)}`, says: /reaction may be the ratings, and holds "like" and "love" and "dislike"/, remedy: /columns: { rating: "none" }/, typed: /--rating-column none/ },
  { name: "nothing but false", content: `user,item,deleted\n${rows(40, (at) => `u${at % 9},i${at},false`)}`, says: /deleted would be the ratings, and is "false" in all 40 rows that were looked at/, remedy: /columns: { rating: "deleted" } where that is a dislike, or columns: { rating: "none" }/, typed: /--rating-column deleted where/ },
  { name: "hours, and whether it was liked", content: `user,game,hours,is_recommended\n${rows(40, (at) => `u${at % 9},i${at},${at},${at % 3 === 0}`)}`, says: /hours and is_recommended may both be the ratings/, remedy: /columns: { rating: "hours" } or columns: { rating: "is_recommended" }/, typed: /--rating-column hours or --rating-column is_recommended/ },
  { name: "no number in a column of ratings", content: `user,item,rating\n${rows(40, (at) => `u${at % 9},i${at},${"ABCD"[at % 4]}`)}`, says: /rating would be the ratings, but holds none \("A", "B", "C", …\)/, remedy: /write numbers, or yes and no .*columns\.rating/, typed: /--rating-column none/ },
  { name: "a title above the header", content: "My ratings of 2020\nuser,item,rating\nann,heat,4\nbob,babe,3\n", says: /its first line, "My ratings of 2020", has 1 cell, and most of those below have 3/, remedy: /tail -n \+2 FILE/ },
  { name: "points between thousands", content: "user,item,plays\nann,heat,1.500\nann,babe,500\nbob,heat,2.250\n", says: /ratings such as 1\.500 stand beside 500: they may be thousands, 1500/, remedy: /scale: \[0, 1000\]/, typed: /--scale 0:1000/ },
  { name: "ratings out of 10 and out of 5", content: "user,item,rating\nann,heat,7/10\nann,babe,4/5\n", says: /:3: rating "4\/5" is out of 5, and others are out of 10/, remedy: /skipBadRows: true .*; write all of them out of the same/, typed: /--skip-bad-rows/ },
  { name: "a rating that is too large", content: "user,item,rating\nann,heat,2e+300\n", says: /:2: rating 2e\+300 is beyond ±1000000000000000/, remedy: /skipBadRows: true/, typed: /--skip-bad-rows/ },
  { name: "a word further down that is none of the others", content: `user,item,liked\nann,heat,yes\nann,babe,no\n${rows(9000, (at) => `u${at},i${at},yes`)}bob,heat,maybe\n`, says: /:9004: rating "maybe" is neither yes nor no/, remedy: /missing: \["maybe"\]/, typed: /--missing maybe/ },
  { name: "a title and a rating, no users", content: "title,rating\nHeat,4\nBabe,3\n", says: /its columns are "title", "rating": there is none of users/, remedy: /columns\.user$/, typed: /--user-column/ },
  { name: "two columns that may be ratings", content: "user,game,hours,plays\nann,chess,2,3\n", says: /hours and plays may both be the ratings/, remedy: /columns: { rating: "hours" } or columns: { rating: "plays" }/, typed: /--rating-column hours or --rating-column plays/ },
  { name: "names that say nothing beside names that do", content: "user_id,x,y,rating\nann,1,2,3\n", says: /which column holds the items is not clear/, remedy: /columns: { user: "user_id", item: "x", rating: "rating" }/, typed: /--item-column x/ },
  { name: "ratings by name in the place of users", content: "points,what,who\n4,heat,ann\n3,babe,ann\n", says: /which column holds the users is not clear/, remedy: /columns: { user: "what", item: "who", rating: "points" }/, typed: /--user-column what --item-column who --rating-column points/ },
  { name: "numbers that may be ratings beside users and items", content: "user_id,item_id,session\nann,a,10023\nann,b,10024\nbob,a,10025\n", says: /which column holds the ratings is not clear/, remedy: /columns: { rating: "session" }, or columns: { rating: "none" }/, typed: /--rating-column session, or --rating-column none/ },
  { name: "a matrix of numbers", content: rows(5, (at) => Array.from({ length: 12 }, (_, k) => 1 + ((at + k) % 5)).join(",")), says: /it may be a matrix/, remedy: /layout: "matrix" .*layout: "table"/, typed: /--layout matrix .*--layout table/ },
  { name: "a matrix with names", content: `user,Heat,Babe,Alien\n${rows(5, (at) => `u${at},4,,${1 + at}`)}`, says: /it may be a matrix/, remedy: /layout: "matrix"/, typed: /--layout matrix/ },
  { name: "a log, mostly of pairs that come again", content: `user,item\n${rows(60, (at) => `u${at % 5},i${at % 2}`)}`, says: /50 of 60 rows name a user and an item that an earlier row has named/, remedy: /duplicates: "count" or "sum"/, typed: /--duplicates count or sum/ },
  { name: "a rating in words", content: "user,item,rating\nann,heat,4\nann,babe,n/a\n", says: /:3: rating "n\/a" is not a number/, remedy: /missing: \["n\/a"\]/, typed: /--missing "n\/a"/ },
  { name: "UTF-8 that goes on as Latin-1", content: Uint8Array.from([...new TextEncoder().encode(`user,item,rating\nann,Amélie,4\n${rows(9000, (at) => `u${at},i${at},3`)}`), ...latin1("bob,Zo\xeb,5\n")]), says: /:9003: the text is not UTF-8, though it is further up/, remedy: /skipBadRows: true .*encoding: "latin1"/, typed: /--skip-bad-rows/ },
  { name: "a spreadsheet", content: zipSync({ "[Content_Types].xml": strToU8("<Types/>"), "xl/workbook.xml": strToU8("<workbook/>") }), says: /a zip archive or a spreadsheet/, remedy: /save the sheet as CSV/ },
  { name: "a zip archive, cut short", content: zipSync({ "ratings.csv": strToU8(forty(() => 3)) }).subarray(0, 80), says: /no zip archive, or one that is cut short/, remedy: /fetch the archive again/ },
  { name: "a zip archive without a table", content: zipSync({ "a.png": strToU8("x"), "b.png": strToU8("y") }), says: /no ratings\.csv, ratings\.dat or u\.data/, remedy: /give the file that holds the ratings, by itself/ },
  { name: "Arrow", content: latin1("ARROW1\x00\x00rest"), says: /an Arrow file/, remedy: /Parquet or CSV/ },
  { name: "MatrixMarket, cut short", content: "%%MatrixMarket matrix coordinate real general\n2 2 3\n1 1 4\n", says: /it announces 3 entries and has 1/, remedy: /whole/ },
  { name: "MatrixMarket of a kind that is not read", content: "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n", says: /matrix array real general/, remedy: /coordinate real general/ },
  { name: "an empty file", content: "", says: /it is empty/, remedy: /rows of user, item and rating/ },
  { name: "blank lines alone", content: "\n \n,,\n", says: /it is empty/, remedy: /rows of user, item and rating/ },
  { name: "a line that does not end", content: "7 ".repeat(1 << 17), says: /:1: the first row is longer than 64 KiB/, remedy: /in a line of its own; layout: "matrix"/, typed: /--layout matrix/ },
  { name: "a pointer of Git LFS", content: "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n", says: /a pointer of Git LFS/, remedy: /`git lfs pull`/ },
  { name: "a web page in the place of a download", content: "<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>\n", says: /a web page/, remedy: /fetch the file itself/ },
  { name: "a rating in hexadecimal", content: "user,item,rating\nann,heat,4\nann,babe,0x2\n", says: /:3: rating "0x2" is not a number/, remedy: /missing: \["0x2"\]/, typed: /--missing 0x2/ },
  { name: "NaN in JSON, as Python writes it", content: '{"user":"ann","item":"heat","rating":4}\n{"user":"ann","item":"babe","rating":NaN}\n', says: /:2: rating "" is not a number/, remedy: /missing: \[""\]/, typed: /--missing ""/ },
  { name: "what is no value in JSON", content: '{"user":"ann","item":"heat","rating":4}\n{"user":"ann","item":"babe","rating":undefined}\n', says: /:2: the line is not JSON: "undefined}" at character 38 is no value/, remedy: /one JSON object a line.*skipBadRows: true/, typed: /--skip-bad-rows/ },
  { name: "ratings by user in one JSON object", content: '{"ann":{"heat":4,"babe":3},"bob":{"heat":5}}', says: /one JSON object with 2 keys \("ann", "bob"\), and no table/, remedy: /one JSON object a rating, a line each or in an array/ },
  { name: "an array that holds a number", content: '[{"user":"ann","item":"heat","rating":4}, 7]', says: /the array holds more than objects: 7 in place 2/, remedy: /one JSON object a rating/ },
  { name: "an array of JSON, cut short", content: '[{"user":"ann","item":"heat","rating":4},\n{"user":"ann",', says: /damaged JSON: it ends too early/, remedy: /whole/ },
  { name: "JSON over several lines", content: '{\n  "user": 1\n}\n', says: /:1: the line is not JSON/, remedy: /one JSON object a line/ },
]; // prettier-ignore

let number = 0;
function written({ file, content }: Pick<Layout, "file" | "content">): string {
  const path = join(folder, String(number++), file);
  if (typeof content === "string" || content instanceof Uint8Array) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }
  mkdirSync(path, { recursive: true });
  for (const [name, part] of Object.entries(content)) writeFileSync(join(path, name), part);
  return path;
}

const triples = ({ users, items, user, item, value }: Ratings): string =>
  Array.from(value, (rating, at) => `${users.rawAt(user[at])} ${items.rawAt(item[at])} ${rating}`).join("; ");

async function readLayout(layout: Layout): Promise<ReadResult> {
  const options = { ...layout.options?.[1] };
  if (layout.items === undefined) return await readPath(written(layout), options);
  const catalogue = await readItems(await fileSource(written({ file: "films.csv", content: layout.items })));
  return await readPath(written(layout), { ...options, catalogue });
}

test.each(LAYOUTS)("$name", async (layout) => {
  const { ratings, understood, warnings } = await readLayout(layout);
  const { mean, users, items, ratings: count } = ratings.statistics();
  expect({ users, items, count, columns: understood?.columns }).toEqual({
    users: layout.users,
    items: layout.rated,
    count: layout.ratings,
    columns: layout.columns,
  });
  expect(mean).toBeCloseTo(layout.mean, 6);
  expect(triples(ratings)).toBe(layout.all);
  expect(ratings.time?.[0]).toBe(layout.time);
  const titled = ratings.items.raw.map((id) => ratings.catalogue.get(id)?.title);
  expect(titled[0]).toBe(layout.title);
  expect(warnings).toEqual([]);
});

test.each(REFUSED)("asked or refused: $name", async ({ content, says, remedy, typed = remedy }) => {
  const error = await readPath(written({ file: "table", content })).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RatingsError);
  expect((error as RatingsError).message).toMatch(says);
  expect((error as RatingsError).remedy).toMatch(remedy);
  expect((error as RatingsError).remedy).not.toContain("--");
  expect(asTyped((error as RatingsError).remedy!)).toMatch(typed);
});

describe("what was asked is settled by the option that the error names", () => {
  const read = async (content: Content, options: ReadOptions): Promise<ReadResult> =>
    await readPath(written({ file: "table", content }), options);
  test("missing values", async () => {
    const content = REFUSED[0].content;
    const without = await read(content, { missing: ["-1"] });
    expect([without.ratings.count, without.missingRows, without.ratings.statistics().minimum]).toEqual([30, 10, 1]);
    expect((await read(content, { missing: ["none"] })).ratings.statistics().minimum).toBe(-1);
  });
  test("a scale keeps zeros, and refuses what is outside it by file and line", async () => {
    expect((await read(REFUSED[1].content, { scale: [0, 10] })).ratings.count).toBe(40);
    await expect(read(REFUSED[2].content, { scale: [1, 5] })).rejects.toMatchObject({
      line: 2,
      message: expect.stringContaining("rating 99 is outside the scale 1:5") as string,
      remedy: expect.stringContaining('missing: ["99"]') as string,
    });
    expect((await read(REFUSED[2].content, { scale: [1, 5], missing: ["99"] })).missingRows).toBe(5);
    const plain = rows(40, (at) => `${at % 9},${at},${at === 30 ? 7 : 1 + (at % 5)}`);
    await expect(read(plain, { scale: [1, 5] })).rejects.toMatchObject({ line: 31 });
    const skipped = await read(plain, { scale: [1, 5], skipBadRows: true });
    expect([skipped.ratings.count, skipped.firstSkipped?.map(({ line }) => line)]).toEqual([39, [31]]);
  });
  test("a time column makes a table of positives", async () => {
    const { ratings } = await read(REFUSED[3].content, { columns: { time: 2 } });
    expect([ratings.statistics().maximum, ratings.time?.[0]]).toEqual([1, 1577836800]);
  });
  test("columns", async () => {
    const { ratings } = await read(REFUSED[5].content, { columns: { user: 1, item: 2, rating: 0 } });
    expect([ratings.users.size, ratings.statistics().maximum]).toEqual([100, 5]);
  });
  test("duplicates", async () => {
    const { content } = REFUSED.find(({ name }) => name.startsWith("a log, mostly"))!;
    const { ratings } = await read(content, { duplicates: "count" });
    expect([ratings.count, ratings.statistics().mean]).toEqual([10, 6]);
  });
});

test.each([
  [
    ";",
    "user,item,rating\nann,heat,4\n",
    /cut by semicolons, it has 1 column: there is none of items/,
    /^--delimiter , cuts its first line into 3 cells/,
  ],
  ["tab", "ann|heat|4\nbob|babe|3\n", /cut by tabs, it has 1 column/, /^--delimiter "\|" cuts its first line into 3 cells/],
  [",", "user\titem\trating\nann\theat\t4\n", /cut by commas, it has 1 column/, /^--delimiter tab cuts its first line into 3 cells/],
] as const)("a delimiter %j that does not cut is named, with the one that does", async (delimiter, content, says, typed) => {
  const error = await readPath(written({ file: "a.csv", content }), { delimiter }).catch((caught: unknown) => caught as RatingsError);
  expect((error as RatingsError).message).toMatch(says);
  expect(asTyped((error as RatingsError).remedy!)).toMatch(typed);
});

test("the users of a table whose ids go on from another's may each have one row", async () => {
  const all = await readPath(written({ file: "all.csv", content: rows(40, (at) => `${1 + (at % 20)},${at},${1 + (at % 5)}`) }));
  const last = written({ file: "last.csv", content: rows(20, (at) => `${1 + at},${at},5`) });
  await expect(readPath(last)).rejects.toThrow(/each of the 20 rows has a user of its own/);
  expect((await readPath(last, { ids: { users: all.ratings.users, items: all.ratings.items } })).ratings.count).toBe(20);
  expect((await readPath(last, { columns: { user: 0, item: 1, rating: 2 } })).ratings.count).toBe(20);
});

test("likes read on several threads are those read on one, as are ratings out of 10", async () => {
  const liked = `user,item,liked\n${rows(3000, (at) => `u${at % 50},i${at},${at < 2000 ? "Yes" : "no"}`)}`;
  const outOf = `user,item,rating\n${rows(3000, (at) => `u${at % 50},i${at},${at < 2000 ? "7/10" : "4/5"}`)}`;
  const threads = { threads: 2, segmentBytes: 3000, smallestBytes: 0 };
  const path = written({ file: "liked.csv", content: liked });
  const [inThreads, inOne] = [await readPath(path, threads), await readPath(path, { threads: 1 })];
  expect(inThreads.ratings.value).toEqual(inOne.ratings.value);
  expect(inThreads.ratings.statistics().mean).toBeCloseTo(2 / 3, 6);
  const mixed = written({ file: "outof.csv", content: outOf });
  for (const how of [threads, { threads: 1 }])
    await expect(readPath(mixed, how)).rejects.toThrow(/:2002: rating "4\/5" is out of 5, and others are out of 10/);
});

test("likes without an answer are left out by --missing, and tell nothing against the others", async () => {
  const content = "user,item,liked\nann,heat,yes\nann,babe,no\nann,alien,NA\nbob,heat,Yes\n";
  const path = written({ file: "a.csv", content });
  const { ratings, missingRows } = await readPath(path, { missing: ["NA"] });
  expect([triples(ratings), missingRows]).toEqual([likes.all, 1]);
});

test("what was asked of rows, headers and scales is settled by what the error names", async () => {
  const table = (name: string): string => written({ file: "table", content: REFUSED.find((one) => one.name.startsWith(name))!.content });
  const numbered = await readPath(table("numbers of the rows"), { columns: { user: 1, item: 2, rating: 3 } });
  expect([numbered.ratings.users.size, numbered.ratings.items.size]).toEqual([9, 7]);
  expect((await readPath(table("0, 1, 2"), { header: true })).ratings.count).toBe(30);
  expect((await readPath(table("0, 1, 2"), { header: false })).ratings.count).toBe(31);
  expect((await readPath(table("points between"), { scale: [0, 1000] })).ratings.value).toEqual(Float32Array.of(1.5, 500, 2.25));
  const none = { columns: { rating: "none" } } as const;
  for (const name of ["two words", "nothing but false", "no number in"])
    expect((await readPath(table(name), none)).ratings.statistics().minimum).toBe(1);
  const deleted = await readPath(table("nothing but false"), { columns: { rating: "deleted" } });
  expect(deleted.ratings.statistics().maximum).toBe(0);
  const hours = await readPath(table("hours"), { columns: { rating: "is_recommended" } });
  expect(hours.ratings.statistics()).toMatchObject({ minimum: 0, maximum: 1 });
});

test("comments are passed over in a file that is read on several threads, and lines are still counted from its first", async () => {
  const content = `# one\n# two\nuser,item,rating\n${rows(3000, (at) => `${at % 50},${at},${at === 2500 ? "x" : 1 + (at % 5)}`)}`;
  const path = written({ file: "a.csv", content });
  for (const how of [{ threads: 2, segmentBytes: 3000, smallestBytes: 0 }, { threads: 1 }])
    await expect(readPath(path, how)).rejects.toMatchObject({ line: 2504 });
});

test("an id that is written in two ways is a note", async () => {
  const { warnings, ratings } = await readPath(
    written({ file: "a.csv", content: "user,item,rating\n12,heat,4\n12.0,babe,3\n13.0,heat,5\n" }),
  );
  expect(ratings.users.size).toBe(3);
  expect(warnings).toEqual([expect.stringContaining("1 user is written in two ways, as 12 and 12.0, and taken for two each") as string]);
});

test("two columns at once are refused", async () => {
  const path = written({ file: "a.csv", content: "user,item,rating\nann,heat,4\n" });
  await expect(readPath(path, { columns: { item: "user", user: 0 } })).rejects.toThrow(/user would be two columns at once/);
});

test("rows left out are counted, and the first three are named by line and reason", async () => {
  const path = written({ file: "bad.csv", content: `user,item,rating\nann,heat,4\nann,,3\nbob,heat,five\nbob\n,heat,1\n` });
  const { skippedRows, firstSkipped } = await readPath(path, { skipBadRows: true });
  expect(skippedRows).toBe(4);
  expect(firstSkipped).toEqual([
    { file: path, line: 3, what: "the item is empty" },
    { file: path, line: 4, what: 'rating "five" is not a number' },
    { file: path, line: 5, what: "the row has 1 cell, too few for user, item and rating" },
  ]);
});

test("rows left out of a file that is read on several threads are named alike", async () => {
  const text = `userId,movieId,rating\n${rows(3000, (at) => (at % 700 === 699 ? `1,2,x${at}` : `${at % 50},${at},${1 + (at % 5)}`))}`;
  const path = written({ file: "large.csv", content: text });
  const inThreads = await readPath(path, { skipBadRows: true, missing: ["5"], threads: 2, segmentBytes: 3000, smallestBytes: 0 });
  const inOne = await readPath(path, { skipBadRows: true, missing: ["5"], threads: 1 });
  expect(inThreads.firstSkipped?.map(({ line }) => line)).toEqual([701, 1401, 2101]);
  const about = ({ firstSkipped, skippedRows, missingRows, ratings }: ReadResult) => ({
    firstSkipped,
    skippedRows,
    missingRows,
    count: ratings.count,
  });
  expect(about(inThreads)).toEqual(about(inOne));
  expect(inThreads.missingRows).toBeGreaterThan(500);
});

test("lines that are no JSON are left out like other malformed rows, and the first malformed row is named first", async () => {
  const good = '{"user":"ann","item":"heat","rating":4}';
  const content = [
    good,
    "{",
    '{"user":"ann","item":"babe","rating":"x"}',
    '"text"',
    `${good.slice(0, -1)},"user":"bob"}`,
    good.slice(0, 20),
  ].join("\n");
  const path = written({ file: "bad.jsonl", content });
  const { ratings, skippedRows, firstSkipped } = await readPath(path, { skipBadRows: true });
  expect([triples(ratings), skippedRows]).toEqual(["ann heat 4; bob heat 4", 4]);
  expect(firstSkipped).toEqual([
    { file: path, line: 2, what: "the line is not JSON: it ends too early" },
    { file: path, line: 3, what: 'rating "x" is not a number' },
    { file: path, line: 4, what: 'the line is no JSON object: "text"' },
  ]);
  const inOrder = written({ file: "order.jsonl", content: `${good}\n{"user":"ann","item":"babe","rating":"x"}\n{"user":\n` });
  await expect(readPath(inOrder)).rejects.toThrow(/order\.jsonl:2: rating "x"/);
  await expect(readPath(written({ file: "none.jsonl", content: '{"a":\n{"b"\n' }), { skipBadRows: true })).rejects.toThrow(
    /all 2 rows are malformed \(line 1: the line is not JSON/,
  );
});

test("keys that every object has by itself are cells only where they stand", async () => {
  const content = '{"user":"ann","item":"heat","rating":4,"constructor":"x","__proto__":"y"}\n{"user":"bob","item":"heat"}\n';
  const table = await openRows(textSource("a.jsonl", content), await openText(textSource("a.jsonl", content)));
  const rows = [];
  for await (const batch of table.batches()) rows.push(...batch.rows);
  expect(rows).toEqual([
    ["ann", "heat", "4", "x", "y"],
    ["bob", "heat", "", "", ""],
  ]);
});

test("a word for missing ratings stands for itself alone", async () => {
  const content = "user,item,rating\nann,heat,4\nann,babe,NA\nbob,heat,dislike\n";
  await expect(readPath(written({ file: "na.csv", content }), { missing: ["NA"] })).rejects.toThrow(/:4: rating "dislike" is not a number/);
});

test("no error about a file is longer than a screen, whatever it holds", async () => {
  const long = "z".repeat(300_000);
  for (const [content, options] of [
    [`user,item,rating\n${long},heat,4\n${long},heat,4\n`, { duplicates: "error" }],
    [`user,item,rating\nann,heat,${"9".repeat(200_000)}\n`, {}],
    [`user,item,rating\nann,heat,${"0".repeat(200_000)}9\n`, { scale: [1, 5] }],
    [`user,item,rating,weight\nann,heat,4,${long}\n`, { columns: { weight: "weight" } }],
    [`{"user":"ann","item":"heat","rating":"${long}"}\n`, {}],
    [`{"user":"ann","item":${long}}\n`, {}],
    [`[{"user":"ann"},"${long}"]`, {}],
    [`{"${long}":{"a":1},"b":{"c":2}}`, {}],
    [`%%MatrixMarket matrix ${"z".repeat(5000)}\n`, {}],
    [`${"y".repeat(3000)},${"x".repeat(3000)},b,c\nann,q,b,c\n`, { header: true }],
    [`user,item,rating\nann,heat,4\n`, { columns: { rating: long } }],
    [`user,item,rating\nann,heat,${long}\n`, {}],
    [`${["user_id", ...Array.from({ length: 3000 }, (_, at) => `x${at}`)].join(",")}\n${"a,".repeat(3000)}a\n`, {}],
  ] satisfies [string, ReadOptions][]) {
    const error = await readPath(written({ file: "t", content }), options).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RatingsError);
    const { message, remedy } = error as RatingsError;
    expect(message.length, message.slice(0, 200)).toBeLessThan(500);
    expect(remedy!.length, remedy!.slice(0, 200)).toBeLessThan(500);
  }
  const cell = await readPath(written({ file: "t", content: `user,item,rating\nann,heat,${long}\n` })).catch((caught: unknown) => caught);
  // What is shown of a cell cannot be typed in its place.
  expect(cell).toMatchObject({
    message: expect.stringMatching(/:2: rating "z{99}… is not a number$/) as string,
    remedy: "skipBadRows: true leaves such rows out and counts them",
  });
  const { warnings } = await readPath(written({ file: "t.csv", content: `user,item,rating,time\nann,heat,4,${long}\n` }));
  expect(warnings).toHaveLength(1);
  expect(warnings[0].length).toBeLessThan(500);
});

test("titles in JSON keep long ids apart too, and an empty file of titles is said to be one", async () => {
  const read = async (content: string) => await readItems(await fileSource(written({ file: "films.jsonl", content })));
  const catalogue = await read('{"id":9007199254740992,"title":"A"}\n{"id":9007199254740993,"title":"B"}\n');
  expect([catalogue.get("9007199254740992")?.title, catalogue.get("9007199254740993")?.title]).toEqual(["A", "B"]);
  await expect(read("")).rejects.toThrow(/it is empty/);
  await expect(read("version https://git-lfs.github.com/spec/v1\noid sha256:abc\n")).rejects.toThrow(/a pointer of Git LFS/);
});

test("the encoding that was found is said, and ids in Latin-1 stay apart", async () => {
  const path = written({ file: "latin.csv", content: latin1("user,item,rating\nann,\xe9,4\nann,\xe8,3\n") });
  const { ratings, understood } = await readPath(path);
  expect(ratings.items.raw).toEqual(["é", "è"]);
  expect(understood?.encoding).toBe("Windows-1252 (Latin-1)");
  expect((await readPath(written({ file: "u.csv", content: utf16("1,2,3\n") }))).understood?.encoding).toBe("utf-16le");
});

test("an unknown encoding is refused", async () => {
  await expect(readPath(written({ file: "a.csv", content: "1,2,3\n" }), { encoding: "klingon" })).rejects.toThrow(/no such encoding/);
});

test("times that cannot be told are a warning, not silence", async () => {
  const { ratings, warnings } = await readPath(
    written({ file: "t.csv", content: "user,item,rating,date\nann,heat,4,2020-01-01\nann,babe,3,09/06/2020\n" }),
  );
  expect(ratings.time).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('t.csv:3: "09/06/2020" is no time that can be told') as string]);
});

/** What stands between two marks of a page. */
function replaced(page: string, name: string, table: string): string {
  const [from, to] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const at = page.indexOf(from);
  return `${page.slice(0, at + from.length)}\n${table}\n\n${page.slice(page.indexOf(to))}`;
}

const tableOf = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
const code = (text: string): string => `\`${text.replaceAll("`", "'")}\``;

test("docs/data.md lists these layouts, and what is said of the others", async () => {
  const page = readFileSync("docs/data.md", "utf8");
  const layouts = LAYOUTS.map((layout) => [
    layout.name,
    layout.options ? code(layout.options[0]) : "",
    layout.columns,
    [
      `${layout.users} × ${layout.rated}, ${layout.ratings}`,
      ...(layout.time === undefined ? [] : ["times"]),
      ...(layout.title === undefined ? [] : ["titles"]),
    ].join(", "),
  ]);
  const refused: string[][] = [];
  for (const { name, content } of REFUSED) {
    const path = written({ file: "table", content });
    const error = await readPath(path).catch((caught: unknown) => caught as RatingsError);
    const { message, remedy } = error as RatingsError;
    refused.push([name, message.replaceAll(path, "FILE"), asTyped(remedy ?? "")]);
  }
  const withLayouts = replaced(
    page,
    "layouts",
    tableOf(["what you have", "options", "what it is taken for", "users × items, ratings; and"], layouts),
  );
  const whole = replaced(withLayouts, "questions", tableOf(["what you have", "error", "what to type"], refused));
  await expect(whole).toMatchFileSnapshot("../../docs/data.md");
});
