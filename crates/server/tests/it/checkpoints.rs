//! Checkpoints of the audit log: a server writes them, the last ones when it ends, and the operator makes their keys.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use audit::note::{Signer, Verifier, open};
use audit::{MacKeys, chain, merkle};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::page::TokenKey;
use kernel::{Clock, PracticeId};
use notary::keys::Keys;
use notary::store::Store;
use schema::Db;
use schema::tables::audit::entries;
use server::app::{App, Checkpoints, Settings, bind};
use server::founder::Founder;
use tenancy::password::Cost;
use tenancy::token::Env;
use testkit::TestDb;

fn claimsd(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_claimsd")).args(args).output().expect("claimsd starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_leaves_a_checkpoint_over_every_entry() {
    let db = TestDb::new().await;
    let home = tempfile::tempdir().unwrap();
    let signer = || Signer::new("test", &[7; 32]).unwrap();
    let store = Store::directory(home.path()).unwrap();
    let settings = Settings {
        app_url: db.url_as("claims_app"),
        audit_url: db.url_as("claims_audit"),
        feed_url: db.url_as("claims_feed"),
        connections: 4,
        env: Env::new("test").unwrap(),
        page_key: TokenKey::new(b"a key for tests"),
        audit_keys: MacKeys::known(),
        checkpoints: Some(Checkpoints {
            archiver_url: db.url_as("claims_archiver"),
            keys: Arc::new(Keys::new(signer())),
            store: store.clone(),
        }),
        password_cost: Cost::CHEAP,
        reflection: false,
        // throw-away databases give durability up for speed
        durable: false,
        tls: None,
        clock: Clock::system(),
    };
    let app = App::open(settings).await.unwrap();
    let founder = Founder::settle(app.parts(), 1).await.unwrap();
    let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    // the last entry is of a moment before the end
    let end = async {
        founder.log_in(&endpoint).await.unwrap();
    };
    Box::pin(app.serve(listener, end)).await.unwrap();

    let newest = store.newest(PracticeId::NIL).await.unwrap().unwrap();
    let note = String::from_utf8(store.read(&newest).await.unwrap()).unwrap();
    let checkpoint = open(&note, &[signer().verifier().clone()]).unwrap();
    let mut conn = Db::new(&db.url_as("claims_archiver"), 1).unwrap().directory().await.unwrap();
    let hashes: Vec<Vec<u8>> = entries::table
        .filter(entries::practice_id.eq(PracticeId::NIL))
        .order(entries::position)
        .select(entries::hash)
        .load(&mut conn)
        .await
        .unwrap();
    let leaves: Vec<chain::Hash> = hashes.iter().map(|hash| merkle::leaf(hash)).collect();
    assert_eq!(checkpoint.origin, format!("test/{}", PracticeId::NIL));
    assert_eq!((checkpoint.size, checkpoint.root), (leaves.len() as u64, merkle::root(&leaves)));
    assert!(checkpoint.size > 0);
    verified(&db, home.path(), &signer()).await;
}

/// What an auditor sees of that server's log, before and after somebody with all rights changed a word of it.
async fn verified(db: &TestDb, checkpoints: &Path, signer: &Signer) {
    let home = tempfile::tempdir().unwrap();
    let (public, keys) = (home.path().join("public"), home.path().join("audit-key"));
    std::fs::write(&public, format!("# ours\n{}\n", signer.verifier())).unwrap();
    std::fs::write(&keys, format!("b {}", "07".repeat(32))).unwrap();
    let url = db.url_as("claims_archiver");
    let [public, keys, store] = [public, keys, checkpoints.to_owned()].map(|path| path.to_str().unwrap().to_owned());
    let base = [
        "audit",
        "verify",
        "--archiver-database-url",
        &url,
        "--checkpoint-store",
        &store,
        "--public-key-file",
        &public,
    ];
    let verify = |more: &[&str], code: i32| {
        let ended = claimsd(&[base.as_slice(), more].concat());
        assert_eq!(ended.status.code(), Some(code), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    };
    let told = |text: &str, what: &str| {
        let report: serde_json::Value = serde_json::from_str(text).unwrap();
        report.pointer(what).unwrap().to_string()
    };
    assert!(verify(&[], 0).contains("entries of 1 logs"));
    let good = verify(&["--report", "json"], 0);
    assert_eq!(told(&good, "/verdict"), r#""good""#);
    assert_eq!(told(&good, "/report/macs_checked"), "false");
    // the server has another key than this one
    assert!(verify(&["--audit-key-file", &keys], 2).contains("the MAC key \"known\" was not given"));

    let tamper =
        "SET session_replication_role = replica; UPDATE audit.entries SET purpose = 'payment' WHERE position = 2";
    let mut owner = Db::new(&db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
    owner.batch_execute(tamper).await.unwrap();
    assert_eq!(told(&verify(&["--report", "json"], 1), "/report/tampered/0/position"), "2");
    assert!(verify(&[], 1).contains("the column purpose says something else than the body"));

    assert_eq!(claimsd(&["audit", "verify"]).status.code(), Some(3));
    assert_eq!(claimsd(&[base.get(..6).unwrap(), &["--public-key-file", &keys]].concat()).status.code(), Some(3));
    let elsewhere = url.replace("claims_archiver", "nobody");
    let unknown = [&["audit", "verify", "--archiver-database-url", &elsewhere], &base[4..]].concat();
    assert_eq!(claimsd(&unknown).status.code(), Some(3));
}

#[test]
fn a_new_key_is_written_for_its_owner_only_and_never_over_another() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("checkpoint-key");
    let new_key = |name: &str, out: &Path| claimsd(&["audit", "new-key", name, "--out", out.to_str().unwrap()]);
    let made = new_key("claims.example.com", &file);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let private = std::fs::read_to_string(&file).unwrap();
    let public: Verifier = String::from_utf8(made.stdout).unwrap().parse().unwrap();
    assert_eq!(private.parse::<Signer>().unwrap().verifier(), &public);
    assert_eq!(public.name(), "claims.example.com");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = new_key("claims.example.com", &file);
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), private);
    let other = home.path().join("other");
    assert_eq!(new_key("two words", &other).status.code(), Some(1));
    assert!(!other.exists());
}

#[test]
fn checkpoints_are_set_up_wholly_or_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = home.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let page_key = write("page-key", &"7".repeat(48));
    let audit_key = write("audit-key", &format!("a {}", "07".repeat(32)));
    let key = write("checkpoint-key", &Signer::new("test", &[7; 32]).unwrap().to_text(&[7; 32]));
    let url = "postgres://claims_app@db.example.com/claims?sslmode=disable";
    let serve = |more: &[&str]| {
        let base = ["serve", "--listen=127.0.0.1:0", "--environment=test", "--page-key-file", &page_key];
        let databases = ["--audit-key-file", &audit_key, "--database-url", url, "--audit-database-url", url];
        let ended = claimsd(&[&base[..], &databases, &["--feed-database-url", url], more].concat());
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap() + &String::from_utf8(ended.stdout).unwrap()
    };
    assert!(serve(&["--checkpoint-key-file", &key]).contains("--archiver-database-url"));
    let with = |store: &str, key: &str| {
        serve(&["--archiver-database-url", url, "--checkpoint-key-file", key, "--checkpoint-store", store])
    };
    assert!(with("/not/there", &key).contains("the directory of checkpoints /not/there can't be used"));
    assert!(with("gs://bucket", &key).contains("is no store of checkpoints"));
    assert!(with(home.path().to_str().unwrap(), &audit_key).contains("line 1 is not an Ed25519 key"));
    // all of it is well: what is refused is the database
    let said = with("s3://bucket/prefix", &key);
    assert!(said.contains("another machine"), "{said}");
}
