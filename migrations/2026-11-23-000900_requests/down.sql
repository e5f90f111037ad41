DROP TABLE ops.requests;
