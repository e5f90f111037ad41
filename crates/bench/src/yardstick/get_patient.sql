\set g random(0, :patients - 1)
{place}
\set n 100000000000 + :k
BEGIN;
SELECT tenancy.enter({practice}, 10000);
SELECT * FROM tenancy.token_resolve({key});
SELECT * FROM tenancy.memberships_of_user({user});
SELECT * FROM clinical.patients WHERE practice_id = {practice} AND id = {04};
{audit}
COMMIT;
