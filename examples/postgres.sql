-- A shop's tables with invented reviews, for postgres.mjs: customers with even numbers like products with even numbers.
-- psql "$DATABASE_URL" -f examples/postgres.sql

create table products (id int primary key, name text not null, shelf text not null);
create table reviews (
  customer bigint not null,
  product int not null references products,
  stars numeric(2, 1) not null,
  written timestamptz not null,
  primary key (customer, product)
);
create table recommendations (
  customer bigint not null,
  rank int not null,
  product int not null references products,
  score float4 not null,
  primary key (customer, rank)
);

insert into products
select p, case when p % 2 = 0 then 'Tea ' else 'Coffee ' end || p, case when p % 2 = 0 then 'tea' else 'coffee' end
from generate_series(1, 60) p;

-- A third of all pairs, and half a star of chance, both by a hash, so that they are the same everywhere.
insert into reviews
select c, p, (case when c % 2 = p % 2 then 4 else 2 end) + (hash / 3 % 3) * 0.5, timestamptz '2026-01-01' + make_interval(hours => hash % 5000)
from generate_series(1, 200) c, generate_series(1, 60) p, lateral (select abs(hashtext(c || '-' || p) % 9000) as hash) h
where hash % 3 = 0;
