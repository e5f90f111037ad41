//! A store that fails: the log goes on without it, and the export catches up.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::AtomicU8;
use std::sync::{Mutex, Once};

use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};

use super::*;

const FINE: u8 = 0;
/// Nothing is stored.
const DOWN: u8 = 1;
/// It is stored, and the answer is lost.
const MUTE: u8 = 2;

#[derive(Debug, Default)]
struct Unsteady {
    inner: InMemory,
    how: AtomicU8,
    /// Fails for this one only.
    only: Mutex<String>,
}

impl Unsteady {
    fn fails(&self, path: &Path) -> Option<object_store::Error> {
        let hit = path.as_ref().starts_with(self.only.lock().unwrap().as_str());
        let failed = || object_store::Error::Generic { store: "test", source: "the disk is full".into() };
        (hit && self.how.load(Ordering::SeqCst) != FINE).then(failed)
    }
}

impl fmt::Display for Unsteady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unsteady")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Unsteady {
    async fn put_opts(&self, path: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let is_stored = self.fails(path).is_none() || self.how.load(Ordering::SeqCst) == MUTE;
        let put = if is_stored { Some(self.inner.put_opts(path, payload, opts).await?) } else { None };
        self.fails(path).map_or_else(|| Ok(put.unwrap()), Err)
    }
    async fn put_multipart_opts(&self, path: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, opts).await
    }
    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }
    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what is logged, each thread for itself: a test runs on one.
#[derive(Debug, Clone, Copy)]
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many lines with a text were logged on this thread since. There is one subscriber for the whole process: with one per
/// thread, a call site that another thread reaches first is remembered as one that nobody listens to.
pub(super) fn log() -> impl Fn(&str) -> usize {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    LOGGED.take();
    |with| {
        LOGGED.with_borrow(|logged| String::from_utf8_lossy(logged).lines().filter(|line| line.contains(with)).count())
    }
}

#[tokio::test]
async fn while_the_store_fails_the_log_goes_on_and_then_the_export_catches_up() {
    let store = Arc::new(Unsteady::default());
    let fixture = Fixture::on(Arc::clone(&store) as _).await;
    let [a, b] = fixture.practices;
    let logged = log();
    let mut exporter = fixture.exporter();
    fixture.append(a, 2).await;
    exporter.tell_round(false).await;
    store.how.store(DOWN, Ordering::SeqCst);
    // two minutes of it
    for _ in 0..120 {
        fixture.append(a, 1).await;
        fixture.append(b, 50).await;
        fixture.pass(1_000);
        exporter.tell_round(false).await;
    }
    assert_eq!(fixture.sizes(a).await, [2]);
    assert_eq!(fixture.leaves(a).await.len(), 122);
    let failing = exporter.status().borrow().failing.clone().unwrap_or_default();
    assert!(failing.contains("the disk is full"), "{failing}");
    assert_eq!(logged("checkpoints of the audit log can't be written"), 2);
    store.how.store(FINE, Ordering::SeqCst);
    fixture.pass(5_000);
    exporter.tell_round(false).await;
    assert_eq!((fixture.sizes(a).await, fixture.sizes(b).await), (vec![2, 122], vec![6000]));
    assert_eq!((fixture.verified(a).await, fixture.verified(b).await), (122, 6000));
    assert_eq!(exporter.status().borrow().failing, None);
    assert_eq!(logged("are written again"), 1);
}

#[tokio::test]
async fn a_checkpoint_whose_answer_was_lost_is_not_written_again() {
    let store = Arc::new(Unsteady::default());
    let fixture = Fixture::on(Arc::clone(&store) as _).await;
    let [a, _] = fixture.practices;
    let mut exporter = fixture.exporter();
    fixture.append(a, 2).await;
    store.how.store(MUTE, Ordering::SeqCst);
    exporter.round(false).await.unwrap_err();
    store.how.store(FINE, Ordering::SeqCst);
    // past midnight: the same checkpoint would have another name
    fixture.pass(20_000);
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [2]);
    fixture.append(a, 1).await;
    exporter.round(true).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [2, 3]);
    assert_eq!(fixture.verified(a).await, 3);
}

#[tokio::test]
async fn one_practice_that_the_store_fails_for_does_not_hold_up_the_others() {
    let store = Arc::new(Unsteady::default());
    let fixture = Fixture::on(Arc::clone(&store) as _).await;
    let [a, b] = fixture.practices;
    *store.only.lock().unwrap() = a.to_string();
    store.how.store(DOWN, Ordering::SeqCst);
    let mut exporter = fixture.exporter();
    for n in 1..=4 {
        fixture.append(a, 1).await;
        fixture.append(b, 1).await;
        exporter.round(false).await.unwrap_err();
        assert_eq!(fixture.verified(b).await, n);
        fixture.pass(5_000);
    }
    assert_eq!(fixture.verified(a).await, 0);
}

#[tokio::test]
async fn a_directory_that_can_not_be_written_is_said_and_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let objects = object_store::local::LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let fixture = Fixture::on(Arc::new(objects)).await;
    let [a, b] = fixture.practices;
    let blocked = dir.path().join(a.to_string());
    std::fs::write(&blocked, "in the way").unwrap();
    let keys = Keys::new(Signer::new(NAME, &SEED).unwrap());
    let mut exporter = fixture.exporter_with(Store::directory(dir.path()).unwrap(), keys);
    fixture.append(a, 2).await;
    fixture.append(b, 2).await;
    assert!(matches!(exporter.round(false).await, Err(Error::Store(_))));
    std::fs::remove_file(&blocked).unwrap();
    fixture.pass(5_000);
    exporter.round(false).await.unwrap();
    assert_eq!((fixture.verified(a).await, fixture.verified(b).await), (2, 2));
}

#[tokio::test]
async fn many_practices_that_the_store_fails_for_do_not_hold_up_the_others() {
    let store = Arc::new(Unsteady::default());
    let fixture = Fixture::on(Arc::clone(&store) as _).await;
    let [_, b] = fixture.practices;
    // more than are written at a time, and all of them before the others
    for n in 0..40 {
        let failing = format!("00000000-0000-7000-8000-0000000000{n:02}");
        fixture.sql(&format!("INSERT INTO audit.heads (practice_id) VALUES ('{failing}')")).await;
        fixture.append(failing.parse().unwrap(), 1).await;
    }
    *store.only.lock().unwrap() = "00000000-0000-7000-8000".to_owned();
    store.how.store(DOWN, Ordering::SeqCst);
    let mut exporter = fixture.exporter();
    for n in 1..=3 {
        fixture.append(b, 1).await;
        for _ in 0..2 {
            exporter.round(false).await.unwrap_err();
        }
        assert_eq!(fixture.verified(b).await, n);
        fixture.pass(5_000);
    }
}
