//! Practice summaries, refreshed from the feed.
