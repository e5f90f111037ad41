//! What is served is what the descriptors say, and health and reflection tell of all of it.

use std::collections::BTreeSet;

use prost::Message;
use prost_reflect::DescriptorPool;
use therapy_claims::client::request_id;
use therapy_claims::{FILE_DESCRIPTOR_SET, METHODS, Method, Phi};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::dynamic::{Any, rpcs};
use crate::harness::TestServer;

static HEALTH: Method = foreign("/grpc.health.v1.Health/Check", false);
static REFLECTIONS: [Method; 2] = [
    foreign("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true),
    foreign("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true),
];

/// `ServerReflectionRequest { list_services: "*" }`.
const LIST_SERVICES: [u8; 3] = [0x3a, 1, b'*'];

const fn foreign(path: &'static str, streams: bool) -> Method {
    Method {
        path,
        permission: "public",
        phi: Phi::None,
        mutates: false,
        request_id: None,
        client_streaming: streams,
        server_streaming: streams,
    }
}

#[tokio::test]
async fn every_service_of_the_descriptors_is_served_healthy_and_listed() {
    let server = TestServer::start().await;
    let any = Any::connect(&server.endpoint).await;
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let services: BTreeSet<_> = pool.services().map(|service| service.full_name().to_owned()).collect();
    let declared: BTreeSet<_> =
        METHODS.iter().filter_map(|method| method.path.trim_start_matches('/').split('/').next()).collect();
    assert_eq!(services.iter().map(String::as_str).collect::<BTreeSet<_>>(), declared);

    for service in &services {
        let check = HealthCheckRequest { service: service.clone() }.encode_to_vec();
        let answer = any.call(&HEALTH, check, &request_id()).await.0.expect(service);
        let status = HealthCheckResponse::decode(answer.as_slice()).unwrap().status();
        assert_eq!(status.as_str_name(), "SERVING", "{service}");
    }
    for reflection in &REFLECTIONS {
        let listed = any.call(reflection, LIST_SERVICES.to_vec(), &request_id()).await.0.expect(reflection.path);
        for service in &services {
            let is_listed = listed.windows(service.len()).any(|window| window == service.as_bytes());
            assert!(is_listed, "{} lacks {service}", reflection.path);
        }
    }
    for (method, _input) in rpcs() {
        let code = any.call(method, Vec::new(), &request_id()).await.code();
        assert_ne!(code, Code::Unimplemented, "{}", method.path);
    }
}
