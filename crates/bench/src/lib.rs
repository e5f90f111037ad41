//! Load generator and comparisons with pgbench.
