use object_store::memory::InMemory;

use super::*;

fn address(practice: PracticeId, day: &str, size: u64) -> Address {
    Address { practice, day: day.parse().unwrap(), size }
}

#[test]
fn a_checkpoint_has_one_name() {
    let name = "00000000-0000-0000-0000-000000000000/2026/03/09/00000000000000004096";
    assert_eq!(address(PracticeId::NIL, "2026-03-09", 4096).to_string(), name);
    assert_eq!(name.parse(), Ok(address(PracticeId::NIL, "2026-03-09", 4096)));
    for other in [
        "",
        "00000000-0000-0000-0000-000000000000/2026/03/09",
        "00000000-0000-0000-0000-000000000000/2026/03/09/4096",
        "00000000-0000-0000-0000-000000000000/2026/3/09/00000000000000004096",
        "00000000-0000-0000-0000-000000000000/2026/02/30/00000000000000004096",
        "00000000-0000-0000-0000-000000000000/2026/03/09/00000000000000004096/x",
        "00000000-0000-0000-0000-000000000000/2026/03/09/+0000000000000004096",
        "00000000-0000-0000-0000-00000000000A/2026/03/09/00000000000000004096",
    ] {
        assert_eq!(other.parse::<Address>(), Err(NotAnAddress), "{other}");
    }
}

async fn keeps(store: Store) {
    let (a, b) = (PracticeId::new(), PracticeId::new());
    assert_eq!(store.newest(a).await.unwrap(), None);
    let first = address(a, "2026-12-31", 99);
    store.add(&first, "ninety-nine").await.unwrap();
    store.add(&first, "ninety-nine").await.unwrap();
    assert!(matches!(store.add(&first, "forged").await, Err(Error::Taken(taken)) if taken == first));
    assert_eq!(store.read(&first).await.unwrap(), b"ninety-nine");
    let newer = address(a, "2027-01-01", 100);
    for other in [newer, address(a, "2027-01-01", 98), address(b, "2028-01-01", 1000)] {
        store.add(&other, "x").await.unwrap();
    }
    assert_eq!(store.newest(a).await.unwrap(), Some(newer));
    let long = address(b, "2028-01-01", 1001);
    store.add(&long, &"x".repeat(5000)).await.unwrap();
    assert_eq!(store.read(&long).await.unwrap(), b"");
    assert!(matches!(store.read(&address(b, "2028-01-01", 1002)).await, Err(Error::Failed(_))));
}

#[tokio::test]
async fn a_bucket_keeps_what_it_was_given_first() {
    keeps(Store::new(Arc::new(InMemory::new()))).await;
    keeps(Store::new(Arc::new(PrefixStore::new(InMemory::new(), "a/prefix")))).await;
}

#[tokio::test]
async fn a_directory_keeps_what_it_was_given_first() {
    let dir = tempfile::tempdir().unwrap();
    keeps(Store::directory(dir.path()).unwrap()).await;
    assert!(Store::directory(&dir.path().join("absent")).is_err());
}

#[tokio::test]
async fn what_a_dead_writer_left_and_what_is_no_checkpoint_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::directory(dir.path()).unwrap();
    let practice = PracticeId::new();
    let newest = address(practice, "2026-03-09", 7);
    store.add(&newest, "seven").await.unwrap();
    let below = dir.path().join(practice.to_string());
    std::fs::create_dir_all(below.join("2026/04/01")).unwrap();
    std::fs::create_dir_all(below.join("notes/04/01")).unwrap();
    std::fs::write(below.join("2026/03/09/00000000000000000008#1"), "sev").unwrap();
    std::fs::write(below.join("2026/03/09/README"), "x").unwrap();
    std::fs::write(below.join("notes/04/01/00000000000000000009"), "x").unwrap();
    assert_eq!(store.newest(practice).await.unwrap(), Some(newest));
}

#[test]
fn a_bucket_is_named_as_s3_and_its_settings_are_the_usual_variables() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "canary"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", "https://minio.internal:9000"),
        ("AWS_PAGER", "less"),
        ("HOME", "/root"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let whole = Store::open("s3://bucket", variables.clone()).unwrap();
    assert_eq!(whole.objects.to_string(), "AmazonS3(bucket)");
    let part = Store::open("s3://bucket/audit/live/", variables).unwrap();
    assert_eq!(part.objects.to_string(), "PrefixObjectStore(audit/live)");
    let kept = format!("{:?}", whole.objects);
    assert!(kept.contains("eu-central-1") && kept.contains("minio.internal:9000"), "{kept}");
    assert_eq!(format!("{whole:?}"), r#"Store("AmazonS3(bucket)")"#);
    assert!(part.dir.is_none());
    for name in ["s3://", "s3:///prefix", "gs://bucket", "https://bucket"] {
        assert!(matches!(Store::open(name, []), Err(BadStore::Form(_))), "{name}");
    }
    assert!(matches!(Store::open("", []), Err(BadStore::Directory(..))));
}
