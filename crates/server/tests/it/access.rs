//! Every RPC, called by every kind of caller in the own practice and elsewhere, held against the reviewed table
//! `access.txt`: it says what is expected, and is not derived from the code that decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Instant;

use futures_util::{StreamExt, stream};
use kernel::access::SERVICE_SCOPES;
use therapy_claims::Method;
use therapy_claims::client::request_id;
use therapy_claims::tenancy::v1 as tenancy;
use tonic::Code;
use tonic_types::StatusExt;

use crate::credentials::{Credentials, malformed};
use crate::dynamic::{Answer, Any, rpcs};
use crate::harness::{Practice, TestServer};

const TABLE: &str = include_str!("access.txt");

/// Calls under way at once, and the connections that they share.
const AT_ONCE: usize = 24;
const LINES: usize = 4;

/// The same for all calls, so that answers can be compared.
const REQUEST_ID: &str = "matrix";

/// RPCs that end the credential they are called with: each call gets one of its own.
const ENDING: [&str; 1] = ["/therapy.tenancy.v1.AuthService/Logout"];

/// RPCs that answer something else each time, wherever they are called.
const FRESH: [&str; 1] = ["/therapy.tenancy.v1.AuthService/EnrollTotp"];

/// A row of the table.
struct Row {
    cells: BTreeMap<&'static str, &'static str>,
    scope: &'static str,
}

/// The rows by the path of their RPC.
fn table() -> BTreeMap<String, Row> {
    let (mut rows, mut service, mut columns) = (BTreeMap::new(), "", Vec::new());
    for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap();
        if line.starts_with('/') {
            (service, columns) = (first, words.collect());
            assert_eq!(columns.pop(), Some("scope"));
            continue;
        }
        let mut cells: Vec<_> = words.collect();
        let scope = cells.pop().unwrap();
        assert_eq!(cells.len(), columns.len(), "{line}");
        let cells = columns.iter().copied().zip(cells).collect();
        assert!(rows.insert(format!("{service}{first}"), Row { cells, scope }).is_none(), "{line}");
    }
    rows
}

/// Where a call is made; the letters of a cell stand for the own practice, a foreign one and none.
#[derive(Clone, Copy)]
enum Place {
    Own,
    Foreign,
    Absent,
    Unnamed,
}

const PLACES: [Place; 4] = [Place::Own, Place::Foreign, Place::Absent, Place::Unnamed];

impl Place {
    fn expected(self, cell: &str) -> char {
        let index = match self {
            Self::Own => 0,
            Self::Foreign | Self::Absent => 1,
            Self::Unnamed => 2,
        };
        cell.chars().nth(index).unwrap()
    }
}

struct Caller {
    name: String,
    column: &'static str,
    token: String,
    /// The only scope of a service account.
    scope: Option<&'static str>,
    /// One for each call that ends its credential.
    spare: Vec<String>,
}

impl Row {
    fn column(&self, name: &str) -> &'static str {
        self.cells.get(name).expect("a column of the table")
    }

    fn cell(&self, caller: &Caller) -> String {
        let whole = self.column(caller.column);
        let is_open = self.scope == "-" || caller.scope.is_none_or(|scope| scope == self.scope);
        if is_open { whole.to_owned() } else { format!("pm{}", Place::Unnamed.expected(self.column("over"))) }
    }
}

/// What came back, as the table writes it.
fn letter(answer: &Answer) -> char {
    match (answer.code(), answer.reason().as_str()) {
        (Code::Ok | Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition, _) => '+',
        // calls that nobody waits for any more are still on their way out
        (Code::ResourceExhausted, "EXPORT_LIMIT") => '+',
        (Code::Unauthenticated, "UNAUTHENTICATED") => 'u',
        (Code::PermissionDenied, "USER_NOT_VERIFIED") => 'v',
        (Code::PermissionDenied, "PHI_TRAINING_REQUIRED") => 't',
        (Code::PermissionDenied, "PERMISSION_MISSING") => 'p',
        (Code::PermissionDenied, "NOT_A_MEMBER") => 'm',
        (Code::PermissionDenied, "NO_PRACTICE") => 'n',
        _ => '?',
    }
}

async fn people(server: &TestServer, practice: &Practice, known: &mut Credentials) -> Vec<(&'static str, String)> {
    let [admin, therapist, billing, front_desk] = practice.tokens.clone();
    let mut people = vec![("admin", admin), ("therapist", therapist), ("billing", billing), ("front_desk", front_desk)];
    for (column, change) in [
        ("owner", "UPDATE tenancy.memberships x SET is_owner = true"),
        ("unverified", "UPDATE tenancy.users x SET is_verified = false"),
        ("untrained", "UPDATE tenancy.users x SET phi_training_completed = false, phi_training_expires_at = NULL"),
        ("lapsed", "UPDATE tenancy.users x SET phi_training_expires_at = now() - interval '1 hour'"),
        ("suspended", "UPDATE tenancy.users x SET is_active = false"),
    ] {
        let token = hire(server, practice, &format!("{column}@example.com")).await;
        known.change(&token, change).await;
        people.push((column, token));
    }
    // who founds practices, and has left: a good credential without a place
    let outsider = hire(server, practice, "outsider@example.com").await;
    known.change(&outsider, "UPDATE tenancy.memberships x SET is_active = false").await;
    people.push(("outsider", outsider));
    people
}

/// An administrator with a session.
async fn hire(server: &TestServer, practice: &Practice, email: &str) -> String {
    let user = tenancy::User {
        email: email.into(),
        first_name: "Some".into(),
        last_name: "Body".into(),
        is_verified: true,
        phi_training_completed: true,
        ..Default::default()
    };
    let password = format!("password of {email}");
    let request = tenancy::CreateUserRequest {
        user: Some(user),
        password: password.clone(),
        role: tenancy::Role::Admin.into(),
        ..Default::default()
    };
    practice.admin.users().create_user(request).await.unwrap();
    let nobody = server.client("").await;
    nobody
        .auth()
        .login(tenancy::LoginRequest { email: email.into(), password, ..Default::default() })
        .await
        .unwrap()
        .into_inner()
        .token
}

/// Everybody there is.
async fn callers(server: &TestServer, practice: &Practice) -> Vec<Caller> {
    let mut known = Credentials::of(server).await;
    let mut callers = Vec::new();
    let mut add = |name: &str, column, token: String, scope| {
        callers.push(Caller { name: name.to_owned(), column, token, scope, spare: Vec::new() });
    };
    add("no credential", "stranger", String::new(), None);
    let all = server.account("all", &[practice], &SERVICE_SCOPES).await;
    for (kind, good) in [("session", &practice.tokens[0]), ("service", &all)] {
        for (fault, token) in malformed(good) {
            add(&format!("{kind} token, {fault}"), "stranger", token, None);
        }
        for (fault, columns) in [
            ("expired", r#"{"expires_at": "2026-01-01T00:00:00Z"}"#),
            ("idle", r#"{"idle_expires_at": "2026-01-01T00:00:00Z"}"#),
            ("revoked", r#"{"revoked_at": "2026-01-01T00:00:00Z"}"#),
        ] {
            let token = known.twin(good, columns).await;
            add(&format!("{kind} token, {fault}"), "stranger", token, None);
        }
    }
    for (column, token) in people(server, practice, &mut known).await {
        add(column, if column == "suspended" { "stranger" } else { column }, token, None);
    }
    let over = server.account("over", &[practice], &SERVICE_SCOPES).await;
    known.change(&over, "UPDATE tenancy.service_grants x SET valid_from = '2026-01-01', valid_to = '2026-01-02'").await;
    add("account whose grant is over", "over", over, None);
    add("account", "account", all, None);
    for scope in SERVICE_SCOPES {
        let token = server.account(scope, &[practice], &[scope]).await;
        add(&format!("account with {scope}"), "account", token, Some(scope));
    }
    for caller in &mut callers {
        if caller.column != "stranger" {
            for _call in 0..PLACES.len() * ENDING.len() {
                caller.spare.push(known.twin(&caller.token, "{}").await);
            }
        }
    }
    callers
}

struct Call<'a> {
    method: &'static Method,
    row: &'a Row,
    caller: &'a Caller,
    place: Place,
    token: &'a str,
}

/// All calls there are to make.
fn calls<'a>(table: &'a BTreeMap<String, Row>, callers: &'a [Caller]) -> Vec<Call<'a>> {
    let mut calls = Vec::new();
    for (method, _input) in rpcs() {
        let row = table.get(method.path).expect("a row for every RPC");
        let ending = ENDING.iter().position(|path| *path == method.path);
        for caller in callers {
            for (index, place) in PLACES.into_iter().enumerate() {
                let spare = ending.and_then(|ending| caller.spare.get(ending * PLACES.len() + index));
                calls.push(Call { method, row, caller, place, token: spare.unwrap_or(&caller.token) });
            }
        }
    }
    calls
}

/// What is wrong with the answers to the calls, and in which words strangers were refused.
async fn compare(
    server: &TestServer,
    own: &str,
    foreign: &str,
    calls: Vec<Call<'_>>,
) -> (Vec<String>, BTreeSet<String>) {
    let mut lines = Vec::new();
    for _line in 0..LINES {
        lines.push(Any::connect(&server.endpoint).await);
    }
    let absent = request_id();
    let answers = stream::iter(calls.into_iter().enumerate()).map(async |(index, call)| {
        let practice = match call.place {
            Place::Own => own,
            Place::Foreign => foreign,
            Place::Absent => &absent,
            Place::Unnamed => "",
        };
        let line = lines.get(index % LINES).expect("a connection");
        let answer = line.with(call.token, practice).call(call.method, Vec::new(), REQUEST_ID).await;
        (call, practice, answer)
    });
    let (mut wrong, mut refusals, mut elsewhere) = (Vec::new(), BTreeSet::new(), None);
    let mut answers = answers.buffered(AT_ONCE);
    while let Some((call, practice, answer)) = answers.next().await {
        let (expected, got) = (call.place.expected(&call.row.cell(call.caller)), letter(&answer));
        let what = format!("{} by {} ({})", call.method.path, call.caller.name, call.caller.column);
        if expected != got {
            let reason = (answer.code(), answer.reason());
            wrong.push(format!("{what}: {got} {reason:?} instead of {expected} in {practice:?}"));
        }
        if let Err(status) = &answer.0 {
            let details = status.get_error_details();
            assert!(details.request_info().is_some_and(|info| info.request_id == REQUEST_ID), "{what}: {details:?}");
            if got == 'u' {
                let domain = details.error_info().map(|info| info.domain.as_str());
                refusals.insert(format!("{} {domain:?}", status.message()));
            }
        }
        let seen = (!practice.is_empty()).then(|| answer.seen(practice));
        match call.place {
            Place::Foreign => elsewhere = seen,
            Place::Absent if elsewhere != seen && !FRESH.contains(&call.method.path) => {
                wrong.push(format!("{what}: {elsewhere:?} in a foreign practice, {seen:?} in one that there is not"));
            }
            Place::Absent | Place::Own | Place::Unnamed => {}
        }
    }
    (wrong, refusals)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_answers_every_caller_as_the_table_says() {
    let server = TestServer::start().await;
    let (own, foreign) = (server.practice("own").await, server.practice("foreign").await);
    let callers = callers(&server, &own).await;
    let table = table();
    let begun = Instant::now();
    let calls = calls(&table, &callers);
    let count = calls.len();
    let (wrong, refusals) = compare(&server, &own.id, &foreign.id, calls).await;
    println!("{count} calls by {} callers in {:.1?}", callers.len(), begun.elapsed());
    assert!(wrong.is_empty(), "{} of {count}: {:#?}", wrong.len(), wrong.iter().take(80).collect::<Vec<_>>());
    assert_eq!(refusals.len(), 1, "strangers are refused in the same words: {refusals:?}");
    assert!(count > 6000, "{count} calls");
}

#[test]
fn the_table_has_a_row_for_every_rpc_and_no_other() {
    let table = table();
    let mut faults = String::new();
    let rpcs: BTreeSet<_> = rpcs().into_iter().map(|(method, _input)| method.path.to_owned()).collect();
    for path in rpcs.iter().filter(|path| !table.contains_key(*path)) {
        writeln!(faults, "{path} has no row").unwrap();
    }
    for path in table.keys().filter(|path| !rpcs.contains(*path)) {
        writeln!(faults, "{path} is no RPC").unwrap();
    }
    assert!(faults.is_empty(), "access.txt: {faults}");
}
