DROP FUNCTION tenancy.break_glasses_of_user(uuid, timestamptz);
DROP TABLE tenancy.break_glasses;
