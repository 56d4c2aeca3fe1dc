-- Asked by: `index use tenantvec`.
-- scope: none
CREATE EXTENSION IF NOT EXISTS tenantvec;
