//! claimsd: configuration, layers, composition and the command line.
