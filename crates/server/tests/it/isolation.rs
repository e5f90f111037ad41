//! No id opens another practice's door: what exists elsewhere is answered like what exists nowhere.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use therapy_claims::Method;
use therapy_claims::client::request_id;
use tonic::Code;

use crate::dynamic::{Any, decode, keyed, rpcs};
use crate::harness::TestServer;
use crate::world::World;

/// Fields that look like an id and name nothing of a practice: keys of the call, payers, numbers of other systems.
const FREE: [&str; 8] =
    ["request_id", "payer_id", "payer_ids", "member_id", "response_id", "source_id", "tax_id", "trading_partner_id"];

/// RPCs whose request has no id of a practice. This list may only become shorter.
const WITHOUT_ID: [&str; 25] = [
    "/therapy.analytics.v1.AnalyticsService/GetPracticeSummary",
    "/therapy.analytics.v1.AnalyticsService/ListPracticeSummaries",
    "/therapy.audit.v1.AuditService/ExportEntries",
    "/therapy.claims.v1.ClearinghouseService/CreateSubmissionBatch",
    "/therapy.claims.v1.ClearinghouseService/GetSubscription",
    "/therapy.claims.v1.ClearinghouseService/IngestResponse",
    "/therapy.claims.v1.ClearinghouseService/ListSubmissionBatches",
    "/therapy.claims.v1.ClearinghouseService/ReportPayerResponse",
    "/therapy.claims.v1.PayerService/ListPayers",
    "/therapy.claims.v1.RemittanceService/ListRemittances",
    "/therapy.clinical.v1.TherapistService/ListTherapists",
    "/therapy.tenancy.v1.AuthService/ChangePassword",
    "/therapy.tenancy.v1.AuthService/ConfirmTotp",
    "/therapy.tenancy.v1.AuthService/CreateServiceAccount",
    "/therapy.tenancy.v1.AuthService/DisableTotp",
    "/therapy.tenancy.v1.AuthService/EnrollTotp",
    "/therapy.tenancy.v1.AuthService/Login",
    "/therapy.tenancy.v1.AuthService/Logout",
    "/therapy.tenancy.v1.AuthService/SetPassword",
    "/therapy.tenancy.v1.AuthService/WhoAmI",
    "/therapy.tenancy.v1.BreakGlassService/ListBreakGlasses",
    "/therapy.tenancy.v1.MembershipService/ListMemberships",
    "/therapy.tenancy.v1.PracticeService/CreatePractice",
    "/therapy.tenancy.v1.PracticeService/ListPractices",
    "/therapy.tenancy.v1.UserService/ListUsers",
];

/// `google.api.FieldBehavior`: what the server alone sets.
const OUTPUT_ONLY: i32 = 3;
const IDENTIFIER: i32 = 8;

/// The ways to a field of a message.
pub(crate) type Way = Vec<FieldDescriptor>;

fn behaves(field: &FieldDescriptor, behavior: i32) -> bool {
    let options = field.options();
    let mut lists = options.extensions().filter(|(extension, _)| extension.name() == "field_behavior");
    lists.any(|(_, value)| {
        value.as_list().is_some_and(|list| list.iter().any(|one| one.as_enum_number() == Some(behavior)))
    })
}

/// The ways to all ids in a request.
pub(crate) fn ids(input: &MessageDescriptor, creates: bool, depth: u32) -> Vec<Way> {
    let mut ways = Vec::new();
    for field in input.fields() {
        let name = field.name().to_owned();
        if FREE.contains(&name.as_str()) || behaves(&field, OUTPUT_ONLY) || (creates && behaves(&field, IDENTIFIER)) {
            continue;
        }
        let named = ["id", "ids"].contains(&name.as_str()) || name.ends_with("_id") || name.ends_with("_ids");
        if field.kind() == Kind::String && named {
            ways.push(vec![field]);
        } else if let Kind::Message(inner) = field.kind()
            && depth > 0
            && inner.full_name().starts_with("therapy.")
        {
            for mut way in ids(&inner, creates, depth - 1) {
                way.insert(0, field.clone());
                ways.push(way);
            }
        }
    }
    ways
}

pub(crate) fn put(message: &mut DynamicMessage, way: &[FieldDescriptor], id: &str) {
    let [field, rest @ ..] = way else { return };
    let kind = field.kind();
    match (message.get_field_mut(field), kind) {
        (Value::String(text), _) => id.clone_into(text),
        (Value::List(list), Kind::Message(inner)) => {
            if list.is_empty() {
                list.push(Value::Message(DynamicMessage::new(inner)));
            }
            if let Some(Value::Message(first)) = list.first_mut() {
                put(first, rest, id);
            }
        }
        (Value::List(list), _) => *list = vec![Value::String(id.to_owned())],
        (Value::Message(inner), _) => put(inner, rest, id),
        _ => panic!("{} is no id", field.full_name()),
    }
}

/// An id of the same form that names nothing.
fn absent(id: &str) -> String {
    if id.len() == 36 { request_id() } else { id.chars().rev().collect() }
}

fn shows(bytes: &[u8], id: &str) -> bool {
    bytes.windows(id.len()).any(|part| part == id.as_bytes())
}

fn name(method: &Method) -> &'static str {
    method.path.rsplit('/').next().unwrap()
}

/// Whether the id of what is sent is the server's to make.
pub(crate) fn creates(method: &Method) -> bool {
    name(method).starts_with("Create") || name(method) == "InviteUser"
}

#[tokio::test]
async fn ids_of_another_practice_are_answered_like_ids_of_nothing() {
    let server = TestServer::start().await;
    let (there, here) = (World::make(&server, "there").await, World::make(&server, "here").await);
    let any = Any::connect(&server.endpoint).await;
    let [admin, therapist, ..] = &here.practice.tokens;
    let [admin, therapist] = [admin, therapist].map(|token| any.with(token, &here.practice.id));
    let callers = [admin, therapist, any.with(&here.adapter_token, "")];
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    for (method, input) in rpcs() {
        let base = decode(&input, &here.request(name(method)));
        for way in ids(&input, creates(method), 2) {
            for id in there.ids() {
                for caller in &callers {
                    let (known, unknown) = (id, absent(id));
                    let mut answers = Vec::new();
                    let mut echoes = Vec::new();
                    for id in [known, &unknown] {
                        let mut request = base.clone();
                        put(&mut request, &way, id);
                        let answer = caller.call(method, keyed(request), "the-same").await;
                        echoes.push(answer.0.as_ref().is_ok_and(|message| shows(message, id)));
                        answers.push(answer.seen(id));
                    }
                    let [is_echoed, also] = echoes.as_slice() else { panic!("two answers") };
                    pairs += 1;
                    let [known, unknown] = answers.as_slice() else { panic!("two answers") };
                    // what two changes answer differs by itself in versions and times, two streams' starts in the lease
                    let moves = (method.mutates || method.server_streaming) && known.0 == Code::Ok;
                    if is_echoed != also || known.0 != unknown.0 || (known != unknown && !moves) {
                        let way: Vec<_> = way.iter().map(FieldDescriptor::name).collect();
                        wrong.push(format!("{} {}: {known:?} instead of {unknown:?}", method.path, way.join(".")));
                    }
                    // what was sent is blanked out: anything else of there was disclosed
                    for leaked in there.ids() {
                        if shows(&known.1, leaked) || shows(&known.2, leaked) {
                            wrong.push(format!("{}: discloses {leaked}", method.path));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(pairs > 1000, "{pairs} pairs were compared");
}

#[test]
fn rpcs_without_an_id_are_known() {
    let without: Vec<_> = rpcs()
        .into_iter()
        .filter(|(method, input)| ids(input, creates(method), 2).is_empty())
        .map(|(method, _input)| method.path)
        .collect();
    let mut sorted = without;
    sorted.sort_unstable();
    assert_eq!(sorted, WITHOUT_ID);
}
