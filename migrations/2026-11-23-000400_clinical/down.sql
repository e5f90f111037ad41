DROP TABLE clinical.sessions;
DROP TABLE clinical.network_statuses;
DROP TABLE clinical.coverages;
DROP TABLE clinical.patients;
ALTER TABLE tenancy.memberships DROP CONSTRAINT memberships_therapist_fkey;
DROP TABLE clinical.therapists;
REVOKE USAGE ON SCHEMA clinical FROM claims_app;
