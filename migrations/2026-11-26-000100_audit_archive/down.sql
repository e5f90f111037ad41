DROP TABLE audit.archive_checks;
