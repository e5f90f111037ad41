use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::access::{Actor, Denied, Granted, Identity, Level, Standing};
use kernel::clock::timestamp;
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Ctx, Permission};
use schema::Db;
use testkit::TestDb;
use therapy_claims::audit::v1 as pb;
use therapy_claims::audit::v1::audit_service_server::AuditService;
use tokio_stream::StreamExt;
use tokio_util::task::TaskTracker;
use tonic::Request;

use super::*;
use crate::standing::Standing as Stands;
use crate::{Batcher, Exports, MacKeys, Trail, Vault};

static METHOD: Method = Method {
    path: "/therapy.audit.v1.AuditService/ListEntries",
    permission: Permission::AuditRead,
    phi: PhiUse::Read,
    mutates: false,
    streams: false,
};

/// Whether the caller still may.
#[derive(Debug)]
struct Still(AtomicBool);

impl Stands for Still {
    fn check<'a>(&'a self, _scope: &'a Scope) -> BoxFuture<'a, Result<(), kernel::Failure>> {
        let may = self.0.load(Ordering::Relaxed);
        std::future::ready(if may { Ok(()) } else { Err(Denied::Permission.into()) }).boxed()
    }
}

/// A practice with an administrator, on a database of its own.
pub(crate) struct Fixture {
    _db: TestDb,
    pub(crate) owner: Db,
    vault: Vault,
    trail: Trail,
    standing: Arc<Still>,
    pub(crate) practice: PracticeId,
    user: UserId,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let db = TestDb::new().await;
        let (batcher, _workers) = Batcher::start(&Db::new(&db.url_as("claims_audit"), 2).unwrap(), MacKeys::known());
        let vault = Vault::new(Db::new(&db.url_as("claims_app"), 2).unwrap(), batcher);
        let owner = Db::new(&db.url_as("postgres"), 1).unwrap();
        let standing = Arc::new(Still(AtomicBool::new(true)));
        let ending = Arc::new(|| std::future::pending().boxed());
        let exports = Exports::new(Arc::<Still>::clone(&standing), TaskTracker::new(), ending);
        let trail = Trail::new(vault.clone(), exports);
        let practice = PracticeId::NIL;
        let mut fixture = Self { _db: db, owner, vault, trail, standing, practice, user: UserId::new() };
        fixture.practice = fixture.practice().await;
        fixture
    }

    async fn run(&self, sql: &str) {
        self.owner.directory().await.unwrap().batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn practice(&self) -> PracticeId {
        let id = PracticeId::new();
        self.run(&format!(
            "INSERT INTO tenancy.practices (id, name, npi, tax_id, address_line1, city, state, zip_code) \
             VALUES ('{id}', 'Practice', '1234567893', '123456789', '1 Main St', 'Albany', 'NY', '12207')"
        ))
        .await;
        id
    }

    async fn patient(&self) -> PatientId {
        let id = PatientId::new();
        self.run(&format!(
            "INSERT INTO clinical.patients (practice_id, id, first_name, last_name, date_of_birth) \
             VALUES ('{}', '{id}', 'Ann', 'Example', '1990-01-01')",
            self.practice
        ))
        .await;
        id
    }

    pub(crate) fn ctx(&self, practice: PracticeId, age: TimeDelta) -> Ctx {
        ctx(self.user, practice, age)
    }

    pub(crate) fn batcher(&self) -> Batcher {
        self.vault.batcher().clone()
    }

    /// Records `count` looks at a patient, `age` ago.
    async fn looks(&self, practice: PracticeId, count: usize, patient: PatientId, age: TimeDelta) {
        let ctx = self.ctx(practice, age);
        for _ in 0..count {
            let mut entry = Entry::bare(ctx.scope().unwrap(), Action::View, "patient");
            entry.add(patient.uuid(), Some(patient.uuid()));
            self.vault.batcher().record(entry).await.unwrap();
        }
    }

    async fn list(&self, practice: PracticeId, request: pb::ListEntriesRequest) -> pb::ListEntriesResponse {
        self.trail.list_entries(self.request(practice, request)).await.unwrap().into_inner()
    }

    fn request<T>(&self, practice: PracticeId, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(self.ctx(practice, TimeDelta::zero()));
        request
    }
}

/// An administrator of the practice, who calls now or called some time ago.
pub(crate) fn ctx(user: UserId, practice: PracticeId, age: TimeDelta) -> Ctx {
    let identity = Arc::new(Identity {
        actor: Actor::User(user),
        key_id: "key-1".into(),
        standing: Standing::Machine { grants: Vec::new() },
    });
    let facts = Arc::new(Facts {
        request_id: "req-1".to_owned(),
        method: &METHOD,
        peer: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        certificate: None,
        deadline: Instant::now() + Duration::from_secs(30),
        clock: Clock::system().shifted(-age),
        page_key: TokenKey::new(b"key"),
        entries: AtomicU32::new(0),
    });
    let granted = Granted { acting_as: "admin", level: Level::All, own: None };
    let scope = Scope::granted(&identity, practice, granted, &facts);
    Ctx::new(Some(identity), vec![scope], facts)
}

fn positions(entries: &[pb::AuditEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.position).collect()
}

#[tokio::test]
async fn entries_are_listed_newest_first_page_by_page_and_each_page_leaves_one_entry() {
    let fixture = Fixture::new().await;
    let patient = fixture.patient().await;
    fixture.looks(fixture.practice, 5, patient, TimeDelta::zero()).await;
    let first = pb::ListEntriesRequest { page_size: 2, ..Default::default() };
    let page = fixture.list(fixture.practice, first.clone()).await;
    assert_eq!(positions(&page.entries), [5, 4]);
    let page =
        fixture.list(fixture.practice, pb::ListEntriesRequest { page_token: page.next_page_token, ..first.clone() });
    let page = page.await;
    assert_eq!(positions(&page.entries), [3, 2]);
    let page = fixture.list(fixture.practice, pb::ListEntriesRequest { page_token: page.next_page_token, ..first });
    let page = page.await;
    assert_eq!((positions(&page.entries), page.next_page_token.as_str()), (vec![1], ""));

    // three calls, three entries; each names what it showed
    let page = fixture.list(fixture.practice, pb::ListEntriesRequest::default()).await;
    assert_eq!(positions(&page.entries), [8, 7, 6, 5, 4, 3, 2, 1]);
    let look = &page.entries[2];
    assert_eq!((look.resource_type.as_str(), look.resource_count), ("audit_entry", 2));
    assert_eq!(look.resource_ids, ["5", "4"]);
    assert_eq!(look.patient_ids, [patient.to_string()]);
    assert_eq!(look.action(), pb::AuditAction::View);
    assert!(look.accessed_phi);
    let actor = look.actor.as_ref().unwrap();
    assert_eq!(actor.id, fixture.user.to_string());
    assert_eq!((look.acting_role.as_str(), look.token_id.as_str()), ("admin", "key-1"));
    assert_eq!((look.ip_address.as_str(), look.request_id.as_str()), ("127.0.0.1", "req-1"));
}

#[tokio::test]
async fn a_call_counts_exactly_one_entry() {
    let fixture = Fixture::new().await;
    let request = fixture.request(fixture.practice, pb::ListEntriesRequest::default());
    let facts = Arc::clone(request.extensions().get::<Ctx>().unwrap().facts());
    fixture.trail.list_entries(request).await.unwrap();
    assert_eq!(facts.entries.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn another_practice_is_not_seen() {
    let fixture = Fixture::new().await;
    let patient = fixture.patient().await;
    let other = fixture.practice().await;
    fixture.looks(fixture.practice, 3, patient, TimeDelta::zero()).await;
    assert_eq!(fixture.list(other, pb::ListEntriesRequest::default()).await.entries, []);
    let request = pb::ListPatientAccessesRequest { patient_id: patient.to_string(), ..Default::default() };
    let refused = fixture.trail.list_patient_accesses(fixture.request(other, request)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn filters_choose_by_time_actor_action_resource_and_outcome() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.patient().await, fixture.patient().await);
    fixture.looks(fixture.practice, 1, one, TimeDelta::days(40)).await; // position 1
    fixture.looks(fixture.practice, 1, one, TimeDelta::days(2)).await; // 2
    fixture.looks(fixture.practice, 1, two, TimeDelta::zero()).await; // 3
    let ctx = fixture.ctx(fixture.practice, TimeDelta::zero());
    let denied =
        Entry::bare(ctx.scope().unwrap(), Action::Update, "claim").ended(Outcome::Denied, "PERMISSION_MISSING");
    fixture.vault.batcher().record(denied).await.unwrap(); // 4

    let now = Clock::system().now();
    let ago = |days| Some(timestamp(now - TimeDelta::days(days)));
    let all = pb::ListEntriesRequest { from_time: ago(60), to_time: ago(-1), ..Default::default() };
    let cases: Vec<(&str, pb::ListEntriesRequest, &[i64])> = vec![
        ("the last 30 days", pb::ListEntriesRequest::default(), &[4, 3, 2]),
        ("from a time", pb::ListEntriesRequest { to_time: None, ..all.clone() }, &[4, 3, 2, 1]),
        ("30 days before a time", pb::ListEntriesRequest { to_time: ago(1), ..Default::default() }, &[2]),
        ("an actor", pb::ListEntriesRequest { actor_id: fixture.user.to_string(), ..all.clone() }, &[4, 3, 2, 1]),
        ("a stranger", pb::ListEntriesRequest { actor_id: UserId::new().to_string(), ..all.clone() }, &[]),
        ("an action", pb::ListEntriesRequest { action: pb::AuditAction::Update.into(), ..all.clone() }, &[4]),
        ("an outcome", pb::ListEntriesRequest { outcome: pb::AuditOutcome::Denied.into(), ..all.clone() }, &[4]),
        ("a type", pb::ListEntriesRequest { resource_type: "patient".to_owned(), ..all.clone() }, &[3, 2, 1]),
        (
            "a resource",
            pb::ListEntriesRequest { resource_type: "patient".to_owned(), resource_id: two.to_string(), ..all },
            &[3],
        ),
    ];
    for (what, request, expected) in cases {
        // what the calls of this loop leave behind is not looked at
        let entries = fixture.list(fixture.practice, request).await.entries;
        let found: Vec<_> = positions(&entries).into_iter().filter(|position| *position <= 4).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[tokio::test]
async fn who_saw_a_patient_is_answered_and_leaves_an_entry_that_names_the_patient() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.patient().await, fixture.patient().await);
    fixture.looks(fixture.practice, 2, one, TimeDelta::zero()).await;
    fixture.looks(fixture.practice, 1, two, TimeDelta::zero()).await;
    let ask = pb::ListPatientAccessesRequest { patient_id: two.to_string(), ..Default::default() };
    let list = async || {
        let answer = fixture.trail.list_patient_accesses(fixture.request(fixture.practice, ask.clone())).await;
        answer.unwrap().into_inner().entries
    };
    assert_eq!(positions(&list().await), [3]);
    let entries = list().await;
    assert_eq!(positions(&entries), [4, 3]);
    assert_eq!(entries[0].resource_type, "audit_entry");
    assert_eq!(entries[0].patient_ids, [two.to_string()]);
}

#[tokio::test]
async fn bad_filters_are_named_all_at_once() {
    let fixture = Fixture::new().await;
    let now = Clock::system().now();
    let request = pb::ListEntriesRequest {
        page_size: -1,
        from_time: Some(timestamp(now)),
        to_time: Some(timestamp(now)),
        actor_id: "somebody".to_owned(),
        action: 99,
        resource_id: "1".to_owned(),
        outcome: -1,
        ..Default::default()
    };
    let refused = fixture.trail.list_entries(fixture.request(fixture.practice, request)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert!(refused.message().ends_with("; and 1 more"), "{}", refused.message());
}

#[tokio::test]
async fn a_look_at_more_than_can_be_listed_keeps_count_and_hash() {
    let fixture = Fixture::new().await;
    let patient = fixture.patient().await;
    fixture.looks(fixture.practice, 230, patient, TimeDelta::zero()).await;
    let request = pb::ListEntriesRequest { page_size: 500, ..Default::default() };
    assert_eq!(fixture.list(fixture.practice, request).await.entries.len(), 230);
    let look = fixture.list(fixture.practice, pb::ListEntriesRequest { page_size: 1, ..Default::default() }).await;
    assert_eq!((look.entries[0].resource_count, look.entries[0].resource_ids.len()), (230, 200));
}

/// All pieces of an export, and how it ended.
async fn export(
    fixture: &Fixture,
    request: pb::ExportEntriesRequest,
) -> Vec<Result<pb::ExportEntriesResponse, tonic::Status>> {
    let request = fixture.request(fixture.practice, request);
    let stream = fixture.trail.export_entries(request).await.unwrap().into_inner();
    stream.collect().await
}

#[tokio::test]
async fn an_export_tells_what_there_was_when_it_began_and_goes_on_behind_a_break() {
    let fixture = Fixture::new().await;
    let other = fixture.practice().await;
    let patient = fixture.patient().await;
    fixture.looks(other, 3, patient, TimeDelta::zero()).await;
    fixture.looks(fixture.practice, 1, patient, TimeDelta::days(40)).await;
    fixture.looks(fixture.practice, 450, patient, TimeDelta::zero()).await;
    let pieces: Vec<_> =
        export(&fixture, pb::ExportEntriesRequest::default()).await.into_iter().map(Result::unwrap).collect();
    let sizes: Vec<_> = pieces.iter().map(|piece| (piece.entries.len(), piece.last_position, piece.complete)).collect();
    assert_eq!(sizes, [(200, 201, false), (200, 401, false), (50, 451, false), (0, 451, true)]);
    assert!(pieces.iter().all(|piece| piece.through_position == 451));
    let all: Vec<_> = pieces.iter().flat_map(|piece| positions(&piece.entries)).collect();
    assert_eq!(all, (2..=451).collect::<Vec<_>>(), "the oldest first, without a gap, without its own entries");
    assert!(
        pieces.iter().flat_map(|piece| &piece.entries).all(|entry| entry.practice_id == fixture.practice.to_string())
    );

    // each piece is on record with every position, and before it left
    let page = fixture.list(
        fixture.practice,
        pb::ListEntriesRequest { action: pb::AuditAction::Export.into(), ..Default::default() },
    );
    let page = page.await;
    let recorded: Vec<_> = page.entries.iter().map(|entry| (entry.resource_count, entry.resource_ids.len())).collect();
    assert_eq!(recorded, [(50, 50), (200, 200), (200, 200)]);
    assert!(page.entries.iter().all(|entry| entry.patient_ids == [patient.to_string()] && entry.accessed_phi));

    // the log has grown by what the calls left
    let rest = export(&fixture, pb::ExportEntriesRequest { after_position: 401, ..Default::default() }).await;
    let rest: Vec<_> = rest.into_iter().flat_map(|piece| positions(&piece.unwrap().entries)).collect();
    assert_eq!(rest, (402..=455).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_export_of_nothing_is_on_record_too() {
    let fixture = Fixture::new().await;
    let pieces = export(&fixture, pb::ExportEntriesRequest::default()).await;
    assert_eq!(pieces.len(), 1);
    assert!(pieces[0].as_ref().unwrap().complete);
    let page = fixture.list(fixture.practice, pb::ListEntriesRequest::default()).await;
    assert_eq!(
        page.entries.iter().map(|entry| (entry.action(), entry.resource_count)).collect::<Vec<_>>(),
        [(pb::AuditAction::Export, 0)]
    );
}

#[tokio::test]
async fn an_export_waits_for_a_slow_reader_and_ends_when_its_caller_may_no_longer() {
    let fixture = Fixture::new().await;
    let patient = fixture.patient().await;
    fixture.looks(fixture.practice, 900, patient, TimeDelta::zero()).await;
    let begin = || fixture.trail.export_entries(fixture.request(fixture.practice, pb::ExportEntriesRequest::default()));
    let mut slow = begin().await.unwrap().into_inner();
    slow.next().await.unwrap().unwrap();
    // four have their places, a fifth has none
    let others = [begin().await.unwrap(), begin().await.unwrap(), begin().await.unwrap()];
    let fifth = begin().await.unwrap_err();
    assert_eq!((fifth.code(), tonic_reason(&fifth)), (tonic::Code::ResourceExhausted, "EXPORT_LIMIT".to_owned()));
    drop(others);
    fixture.standing.0.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(4)).await;
    // what was ready may come, nothing that was not
    let rest: Vec<_> = slow.collect().await;
    assert!(rest.len() <= 3, "{}", rest.len());
    let refused = rest.last().unwrap().as_ref().unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

fn tonic_reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test]
async fn entries_are_found_by_patient_and_by_emergency() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.patient().await, fixture.patient().await);
    fixture.looks(fixture.practice, 2, one, TimeDelta::zero()).await; // 1, 2
    fixture.looks(fixture.practice, 1, two, TimeDelta::zero()).await; // 3
    let ctx = fixture.ctx(fixture.practice, TimeDelta::zero());
    let emergency = BreakGlassId::new();
    let mut opened = Entry::bare(ctx.scope().unwrap(), Action::View, "patient");
    opened.add(two.uuid(), Some(two.uuid()));
    opened.break_glass = Some(emergency.uuid());
    fixture.vault.batcher().record(opened).await.unwrap(); // 4
    let other = fixture.practice().await;
    fixture.looks(other, 1, two, TimeDelta::zero()).await;
    let all = pb::ListEntriesRequest::default;
    let cases: Vec<(&str, pb::ListEntriesRequest, &[i64])> = vec![
        ("one patient", pb::ListEntriesRequest { patient_id: one.to_string(), ..all() }, &[2, 1]),
        ("the other", pb::ListEntriesRequest { patient_id: two.to_string(), ..all() }, &[4, 3]),
        ("nobody", pb::ListEntriesRequest { patient_id: PatientId::new().to_string(), ..all() }, &[]),
        ("an emergency", pb::ListEntriesRequest { break_glass_id: emergency.to_string(), ..all() }, &[4]),
        ("any emergency", pb::ListEntriesRequest { under_break_glass: true, ..all() }, &[4]),
        ("both", pb::ListEntriesRequest { patient_id: one.to_string(), under_break_glass: true, ..all() }, &[]),
    ];
    for (what, request, expected) in cases {
        let entries = fixture.list(fixture.practice, request).await.entries;
        let found: Vec<_> = positions(&entries).into_iter().filter(|position| *position <= 4).collect();
        assert_eq!(found, expected, "{what}");
    }
    let ask = pb::ListEntriesRequest { patient_id: two.to_string(), page_size: 1, ..all() };
    let first = fixture.list(other, ask.clone()).await;
    assert_eq!(positions(&first.entries), [1], "the other practice finds its own");
}
