//! Ids, request context, permissions, errors, paging, etags, PHI wrapper: pure, no I/O.
