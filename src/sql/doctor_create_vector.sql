-- What the first migration does too. Told, and done by `--fix`: doctor.
-- scope: none
CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
