DROP TABLE analytics.watermarks;
DROP TABLE analytics.practice_summaries;
REVOKE USAGE ON SCHEMA analytics FROM claims_app, claims_analytics;
