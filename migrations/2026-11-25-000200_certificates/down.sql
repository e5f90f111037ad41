DROP FUNCTION tenancy.certificate_unbind(uuid, bytea, timestamptz);
DROP FUNCTION tenancy.certificate_bind(uuid, bytea, text, timestamptz);
DROP FUNCTION tenancy.certificates_of_account(uuid);
DROP FUNCTION tenancy.credential_resolve(text);
DROP TABLE tenancy.account_certificates;
