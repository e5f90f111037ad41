use super::{BadLink, Link, Wanted, decoded, split};

fn roots() -> String {
    // any readable file without a certificate: it is looked at only when TLS is wanted
    concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned()
}

#[test]
fn what_stays_on_this_machine_may_be_open() {
    for url in [
        "postgres://claims_app@%2Fvar%2Frun%2Fpostgresql/claims",
        "postgres://claims_app@localhost/claims",
        "postgres://claims_app:secret@127.0.0.1:5433/claims?sslmode=disable&connect_timeout=5",
        "postgres://claims_app@127.77.1.2/claims",
        "postgres://claims_app@[::1]/claims?sslmode=disable",
        "host=/tmp user=claims_app sslmode=disable dbname=claims",
        // as libpq: a socket needs no certificate
        "postgres://claims_app@%2Ftmp/claims?sslmode=verify-full",
    ] {
        let link = Link::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(!link.is_encrypted(), "{url}");
    }
}

#[test]
fn another_machine_is_never_talked_to_in_the_open() {
    for url in [
        "postgres://claims_app:secret@db.example.com/claims?sslmode=disable",
        "postgres://claims_app:secret@10.0.0.7/claims?sslmode=disable",
        "postgres://claims_app@127.0.0.1,db.example.com/claims?sslmode=disable",
        "host=localhost hostaddr=10.0.0.7 user=claims_app sslmode=disable",
        "postgres://claims_app@localhost.example.com/claims?sslmode=disable",
    ] {
        let error = Link::parse(url).expect_err(url);
        assert!(matches!(error, BadLink::Open(_)), "{url}: {error}");
        assert!(!error.to_string().contains("secret"));
    }
    let refused = Link::parse("postgres://a@db.example.com/claims?sslmode=disable").expect_err("open");
    assert_eq!(
        refused.to_string(),
        "the database is on db.example.com, another machine, and sslmode=disable would send everything in the open: \
         use sslmode=verify-full, or a socket of this machine"
    );
}

#[test]
fn another_machine_is_checked_even_if_the_url_says_nothing() {
    let file = roots();
    for mode in ["", "&sslmode=require", "&sslmode=verify-full"] {
        let url = format!("postgres://claims_app@db.example.com/claims?sslrootcert={file}{mode}");
        // it wanted the certificates, and found none in there
        assert!(matches!(Link::parse(&url), Err(BadLink::NoRoots(origin)) if origin == file), "{url}");
    }
    let missing = Link::parse("postgres://a@db.example.com/claims?sslrootcert=%2Fno%2Fsuch.pem").expect_err("missing");
    assert_eq!(missing.to_string(), "can't read certificates from /no/such.pem");
}

#[test]
fn half_measures_are_refused() {
    for mode in ["allow", "prefer", "verify-ca", "on", ""] {
        let error = Link::parse(&format!("postgres://a@localhost/claims?sslmode={mode}")).expect_err(mode);
        assert!(matches!(&error, BadLink::Mode(named) if named == mode), "{error}");
    }
    assert!(matches!(Link::parse("postgres://a@localhost/claims?nonsense=1"), Err(BadLink::Url(_))));
    assert!(matches!(Link::parse("not a url"), Err(BadLink::Url(_))));
}

#[test]
fn our_parameters_are_taken_out_of_both_forms() {
    let wanted = |mode: &str, roots: &str| Wanted { mode: Some(mode.to_owned()), roots: Some(roots.into()) };
    assert_eq!(
        split("postgres://a@h/d?sslmode=require&connect_timeout=5&sslrootcert=%2Fa%20b.pem"),
        ("postgres://a@h/d?connect_timeout=5".to_owned(), wanted("require", "/a b.pem"))
    );
    assert_eq!(
        split("host=h sslmode=verify-full user=a sslrootcert=/ca.pem"),
        ("host=h user=a".to_owned(), wanted("verify-full", "/ca.pem"))
    );
    assert_eq!(split("postgres://a@h/d?sslmode=disable").0, "postgres://a@h/d");
    assert_eq!(decoded("100%25%2"), "100%%2");
}
