//! What holds for every RPC and message of the API, read from the descriptors.
use std::collections::BTreeSet;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

use crate::{FILE_DESCRIPTOR_SET, METHODS, Phi, method};

/// RPCs that change something and yet take no `request_id`: repeating them is harmless or pointless.
const UNKEYED: [&str; 5] = [
    "/therapy.claims.v1.ClearinghouseService/Acknowledge",
    "/therapy.tenancy.v1.AuthService/EnrollTotp",
    "/therapy.tenancy.v1.AuthService/Login",
    "/therapy.tenancy.v1.AuthService/Logout",
    "/therapy.tenancy.v1.AuthService/SetPassword",
];

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

fn ours(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages().filter(|message| message.full_name().starts_with("therapy.")).collect()
}

#[test]
fn every_rpc_of_the_descriptors_is_in_the_table_and_can_be_found() {
    let pool = pool();
    let paths: BTreeSet<_> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name()))
        .collect();
    assert_eq!(paths, METHODS.iter().map(|method| method.path.to_owned()).collect());
    for declared in METHODS {
        assert_eq!(method(declared.path), Some(declared));
    }
    assert_eq!(method("/grpc.health.v1.Health/Check"), None);
}

#[test]
fn the_descriptors_keep_the_options_for_reflection() {
    let pool = pool();
    let permission = pool.get_extension_by_name("therapy.options.v1.permission").unwrap();
    let service = pool.get_service_by_name("therapy.clinical.v1.PatientService").unwrap();
    let get = service.methods().find(|method| method.name() == "GetPatient").unwrap();
    assert_eq!(get.options().get_extension(&permission).as_str(), Some("patients.read"));
}

#[test]
fn rpcs_that_are_no_reads_take_a_key() {
    for declared in METHODS.iter().filter(|method| !method.mutates) {
        let name = declared.path.rsplit('/').next().unwrap();
        let is_read = ["Get", "BatchGet", "List", "Validate", "WhoAmI", "Subscribe", "Export"];
        assert!(
            is_read.iter().any(|verb| name.starts_with(verb)) || UNKEYED.contains(&declared.path),
            "{} changes something without a key",
            declared.path
        );
        assert_ne!(declared.phi, Phi::Write, "{}", declared.path);
    }
}

#[test]
fn lists_are_paged_alike() {
    let pool = pool();
    for request in ours(&pool).iter().filter(|m| m.name().starts_with("List") && m.name().ends_with("Request")) {
        let size = request.get_field_by_name("page_size").unwrap_or_else(|| panic!("{}", request.full_name()));
        assert_eq!(size.kind(), Kind::Int32, "{}", request.full_name());
        // the feed's positions are its page tokens
        if request.name() == "ListClaimEventsRequest" {
            continue;
        }
        assert!(request.get_field_by_name("page_token").is_some(), "{}", request.full_name());
        let name = request.full_name().replace("Request", "Response");
        let response = pool.get_message_by_name(&name).unwrap();
        assert!(response.get_field_by_name("next_page_token").is_some(), "{name}");
    }
}

#[test]
fn nothing_is_a_float() {
    for message in ours(&pool()) {
        for field in message.fields() {
            assert!(!matches!(field.kind(), Kind::Float | Kind::Double), "{}", field.full_name());
        }
    }
}

#[test]
fn messages_with_secrets_print_their_name_only() {
    use crate::tenancy::v1::{
        CreateUserRequest, InviteUserResponse, IssueTokenResponse, LoginRequest, LoginResponse, SetPasswordRequest,
    };
    let secret = || "hush".to_owned();
    let shown = [
        format!("{:?}", LoginRequest { email: secret(), password: secret(), totp_code: secret() }),
        format!("{:?}", LoginResponse { token: secret(), ..LoginResponse::default() }),
        format!("{:?}", IssueTokenResponse { secret: secret(), ..IssueTokenResponse::default() }),
        format!("{:?}", SetPasswordRequest { one_time_token: secret(), password: secret() }),
        format!("{:?}", InviteUserResponse { one_time_token: secret(), ..InviteUserResponse::default() }),
        format!("{:?}", CreateUserRequest { password: secret(), ..CreateUserRequest::default() }),
    ];
    assert!(shown.iter().all(|text| text.ends_with(" { .. }")), "{shown:?}");
}
