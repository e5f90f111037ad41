//! Which fields each role is shown: one reviewed table, so that a mask that goes missing shows in the review.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use therapy_claims::{FILE_DESCRIPTOR_SET, Method, Phi};

use crate::dynamic::{Any, keyed, rpcs};
use crate::harness::TestServer;
use crate::world::World;

pub(crate) fn output(method: &Method) -> MessageDescriptor {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let (service, name) = method.path.trim_start_matches('/').split_once('/').unwrap();
    let service = pool.get_service_by_name(service).unwrap();
    service.methods().find(|rpc| rpc.name() == name).unwrap().output()
}

/// The paths of all fields that say something.
pub(crate) fn fields(message: &DynamicMessage, prefix: &str, found: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        let path = format!("{prefix}{}", field.name());
        let inner: Vec<&Value> = value.as_list().map_or_else(|| vec![value], |list| list.iter().collect());
        let ours = |message: &&DynamicMessage| message.descriptor().full_name().starts_with("therapy.");
        let messages: Vec<_> = inner.into_iter().filter_map(Value::as_message).filter(ours).collect();
        if messages.is_empty() {
            found.insert(path.clone());
        }
        for message in messages {
            fields(message, &format!("{path}."), found);
        }
    }
}

#[tokio::test]
async fn every_role_is_shown_the_fields_that_the_review_saw() {
    let server = TestServer::start().await;
    let world = World::make(&server, "seen").await;
    let any = Any::connect(&server.endpoint).await;
    let [admin, therapist, billing, front_desk] = &world.practice.tokens;
    let callers = [admin, therapist, billing, front_desk, &world.adapter_token];
    let names = ["admin", "therapist", "billing", "front_desk", "adapter"];
    let mut text =
        String::from("# What each role finds filled in the answers with PHI; \"denied\" where it gets none.\n");
    // what the trail holds by now is another question
    let tells = |method: &Method| !method.server_streaming && !method.path.contains("AuditService");
    let reads = |method: &Method| method.phi == Phi::Read && !method.mutates && tells(method);
    for (method, input) in rpcs().into_iter().filter(|(method, _input)| reads(method)) {
        let mut shown: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (token, name) in callers.into_iter().zip(names) {
            let caller = any.with(token, &world.practice.id);
            let answer = caller.call(method, keyed(world.aimed(method, &input)), "seen").await;
            let mut found = BTreeSet::new();
            match answer.0 {
                Ok(bytes) => {
                    fields(&DynamicMessage::decode(output(method), bytes.as_slice()).unwrap(), "", &mut found);
                }
                Err(_refused) => {
                    found.insert("denied".to_owned());
                }
            }
            for path in found {
                shown.entry(path).or_default().push(name);
            }
        }
        writeln!(text, "\n{}", method.path).unwrap();
        for (path, who) in shown {
            let marks: Vec<_> = names.iter().map(|name| if who.contains(name) { *name } else { "-" }).collect();
            let line = marks.iter().map(|mark| format!("{mark:<11}")).collect::<String>();
            writeln!(text, "  {path:<44}{}", line.trim_end()).unwrap();
        }
    }
    insta::assert_snapshot!("fields_by_role", text);
}
