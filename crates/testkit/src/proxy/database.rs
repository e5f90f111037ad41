//! A proxy before a database.
#![expect(clippy::expect_used, reason = "a test whose database has no address can only stop")]
use std::io;
use std::path::Path;

use super::{Address, Proxy};

/// A proxy that `listen` makes on a port, and the connection string that leads through it. `url` is of the form that
/// names a socket's directory.
///
/// # Panics
/// When it is of another form, or no port is free.
pub async fn before(url: &str, listen: impl AsyncFnOnce(Address) -> io::Result<Proxy>) -> (Proxy, String) {
    let (user, place) = url.split_once('@').expect("a user");
    let (socket, database) = place.split_once('/').expect("a database");
    let socket = ["%2F/", "%2D-", "%2E.", "%5F_"].iter().fold(socket.to_owned(), |path, code| {
        let (code, letter) = code.split_at(3);
        path.replace(code, letter)
    });
    let server = Address::Unix(Path::new(&socket).join(".s.PGSQL.5432"));
    let proxy = listen(server).await.expect("a free port");
    let url = format!("{user}@127.0.0.1:{}/{database}", proxy.port().expect("it has a port"));
    (proxy, url)
}
