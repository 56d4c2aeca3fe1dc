-- NULL: no such time zone. Asked by: adding a transfer rule with working hours.
-- scope: none
SELECT voicedb_wall_clock(:'zone', CURRENT_TIMESTAMP) AS wall_clock;
