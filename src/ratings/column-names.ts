// The names by which columns of ratings are known.

/** Columns that are found without being asked for, in the order that they have without names. */
export const ORDER = ["user", "item", "rating", "time"] as const;
export type FoundColumn = (typeof ORDER)[number];

/** Names of columns, lower case, letters and digits only; the surest first. */
export const KNOWN_NAMES: Record<FoundColumn, readonly string[]> = {
  user: [
    "userid", "user", "uid", "userkey", "useridx", "userindex", "customerid", "customer", "reviewerid", "personid", "memberid", "accountid",
    "visitorid", "clientid", "profileid", "playerid", "listenerid", "readerid", "buyerid", "reviewer", "person", "member", "account",
    "visitor", "client", "player", "listener", "reader", "buyer", "username", "profilename", "reviewprofilename", "reviewername", "nickname",
    "login", "users",
  ],
  item: [
    "itemid", "movieid", "item", "iid", "itemkey", "productid", "asin", "parentasin", "isbn", "bookid", "trackid", "songid", "artistid",
    "albumid", "businessid", "restaurantid", "animeid", "gameid", "jokeid", "articleid", "newsid", "contentid", "filmid", "showid", "videoid",
    "appid", "recipeid", "courseid", "hotelid", "placeid", "venueid", "listingid", "beerid", "beerbeerid", "stockcode", "sku", "movie",
    "product", "book", "track", "song", "artist", "album", "business", "restaurant", "anime", "game", "joke", "article", "film", "show",
    "video", "app", "recipe", "course", "hotel", "place", "venue", "beer", "beername", "items", "itemname", "movietitle", "booktitle", "title",
    "name", "url",
  ],
  rating: [
    "rating", "ratings", "userrating", "starrating", "bookrating", "score", "reviewscore", "overall", "reviewoverall", "stars", "value", "rate",
    "preference", "myrating", "yourrating", "points", "vote", "grade", "weight", "plays", "playcount", "listens", "listencount", "scrobbles",
    "hours", "hoursplayed", "qty", "quantity", "count", "clicks", "views", "purchases", "feedback", "interaction",
  ],
  time: [
    "timestamp", "unixreviewtime", "unixtime", "time", "datetime", "date", "ts", "reviewtime", "reviewdate", "ratingdate", "daterated",
    "ratedat", "createdat", "created", "eventtime", "invoicedate", "watcheddate",
  ],
}; // prettier-ignore
/** Part of the name of a column that says whether something was liked. */
export const OPINION_NAME = /like|recommend|thumb|vote|favou?rite|positive|sentiment|opinion|reaction/;

/** "user_id:token" is user_id of a type. */
export const untyped = (name: string): string => name.trim().replace(/:(token|float|token_seq|float_seq)$/, "");

export const simplified = (name: string): string =>
  untyped(name)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, "");

/** Whether a row names columns: any of its cells has a known name. */
export const hasKnownName = (cells: readonly string[]): boolean =>
  cells.map(simplified).some((cell) => ORDER.some((column) => KNOWN_NAMES[column].includes(cell)));
