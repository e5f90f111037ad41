//! Connections over a network, to a real PostgreSQL that has a certificate of its own making.
#![expect(clippy::disallowed_methods, reason = "a test looks for a place of its own")]

use std::net::Ipv4Addr;
use std::path::PathBuf;

use diesel_async::SimpleAsyncConnection;
use rcgen::{CertificateParams, KeyPair, SanType};
use schema::embedded::{Cluster, Mode, Options};
use schema::link::{BadLink, Link};
use schema::{Db, Error, migrate};

use crate::support::line;

const ENCRYPTED: &str = "SELECT ssl::text AS line FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// A server that answers to its address and to `db.example.com`, and tells it by a certificate that nobody else signed.
struct Server {
    cluster: Cluster,
    addr: Ipv4Addr,
    dir: PathBuf,
}

impl Server {
    fn start(name: &str, last: u8) -> Self {
        let [.., a, b] = std::process::id().to_be_bytes();
        // all of 127/8 is this machine: the usual port is free on an address that nobody else uses
        let addr = Ipv4Addr::new(127, a.max(1), b, last);
        let dir = std::env::temp_dir().join(format!("claims-tls-test-{}-{name}", std::process::id()));
        let options = Options { listen: addr.to_string(), ..Options::default() };
        let cluster = Cluster::start_with(&dir, Mode::Throwaway, &options).unwrap();
        Self { cluster, addr, dir }
    }

    /// Gives the server its certificate, and lets it take connections of this machine.
    async fn certify(&self) -> PathBuf {
        let mut params = CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress(self.addr.into()));
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        let mut superuser = self.cluster.superuser().await.unwrap();
        // written by the server itself, whoever it runs as
        let write = |text: &str, command: &str| {
            format!("COPY (SELECT unnest(string_to_array(trim('{text}', E'\\n'), E'\\n'))) TO PROGRAM '{command}'")
        };
        for statement in [
            write(&certificate, "cat > server.crt"),
            write(&key.serialize_pem(), "umask 077; cat > server.key"),
            write("host all all 127.0.0.0/8 trust", "cat >> pg_hba.conf"),
            "ALTER SYSTEM SET ssl = on".to_owned(),
        ] {
            superuser.batch_execute(&statement).await.unwrap();
        }
        drop(superuser);
        let roots = self.dir.join("roots.pem");
        std::fs::write(&roots, certificate).unwrap();
        self.cluster.restart().unwrap();
        roots
    }

    fn url(&self, more: &str) -> String {
        format!("postgres://postgres@{}/postgres{more}", self.addr)
    }
}

async fn refusal(url: &str) -> String {
    match Link::parse(url).unwrap().connect().await {
        Ok(_connected) => panic!("must be refused: {url}"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_goes_only_to_the_server_that_the_url_names() {
    let server = Server::start("certified", 1);
    let roots = server.certify().await;
    let roots = roots.display();
    for mode in ["require", "verify-full"] {
        let url = server.url(&format!("?sslmode={mode}&sslrootcert={roots}"));
        let mut conn = Link::parse(&url).unwrap().connect().await.unwrap();
        assert_eq!(line(&mut conn, ENCRYPTED).await, "true", "{mode}");
    }
    // by name, as it is for another machine, where the URL need not say it
    let by_name = format!("hostaddr={} user=postgres dbname=postgres sslrootcert={roots}", server.addr);
    let mut conn =
        Link::parse(&format!("host=db.example.com sslmode=verify-full {by_name}")).unwrap().connect().await.unwrap();
    assert_eq!(line(&mut conn, ENCRYPTED).await, "true");
    // the pool goes the same way
    let db = Db::new(&server.url(&format!("?sslmode=verify-full&sslrootcert={roots}")), 1).unwrap();
    assert_eq!(line(&mut db.directory().await.unwrap(), ENCRYPTED).await, "true");
    // on this machine, nothing said
    let mut conn = Link::parse(&server.url("")).unwrap().connect().await.unwrap();
    assert_eq!(line(&mut conn, ENCRYPTED).await, "false");

    let wrong = refusal(&format!("host=other.example.com sslmode=verify-full {by_name}")).await;
    assert!(wrong.contains("certificate not valid for name"), "{wrong}");
    let unknown = server.dir.join("unknown.pem");
    let stranger = CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
    std::fs::write(&unknown, stranger.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()).unwrap();
    for mode in ["require", "verify-full"] {
        let wrong = refusal(&server.url(&format!("?sslmode={mode}&sslrootcert={}", unknown.display()))).await;
        assert!(wrong.contains("invalid peer certificate"), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_certificate_gets_nothing_that_was_to_be_encrypted() {
    let server = Server::start("bare", 2);
    let roots = server.dir.join("roots.pem");
    let stranger = CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
    std::fs::write(&roots, stranger.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()).unwrap();
    let wrong = refusal(&server.url(&format!("?sslmode=require&sslrootcert={}", roots.display()))).await;
    assert!(wrong.contains("server does not support TLS"), "{wrong}");
}

#[tokio::test]
async fn every_door_refuses_a_url_that_would_send_data_in_the_open() {
    let url = "postgres://claims_app:secret@db.example.com/claims?sslmode=disable";
    assert!(matches!(Db::new(url, 1), Err(Error::BadLink(BadLink::Open(host))) if host == "db.example.com"));
    assert!(matches!(migrate::run(url).await, Err(migrate::Error::BadLink(BadLink::Open(_)))));
    assert!(matches!(migrate::pending_at(url).await, Err(migrate::Error::BadLink(BadLink::Open(_)))));
    assert!(matches!(schema::reference::releases(url).await, Err(Error::BadLink(BadLink::Open(_)))));
}
