//! Practices, users, memberships, service accounts and tokens.
