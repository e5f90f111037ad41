use kernel::access::Standing;
use kernel::id::{PracticeId, TherapistId};
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::membership_service_server::MembershipService as _;

use super::fixture::*;

fn update(user: &pb::User, membership: pb::Membership, paths: &[&str]) -> pb::UpdateMembershipRequest {
    let membership = pb::Membership { user_id: user.id.clone(), ..membership };
    pb::UpdateMembershipRequest { membership: Some(membership), update_mask: mask(paths), ..Default::default() }
}

fn role(role: pb::Role) -> pb::Membership {
    pb::Membership { role: role.into(), ..Default::default() }
}

fn member(name: &str) -> pb::CreateMembershipRequest {
    pb::CreateMembershipRequest { email: email(name), role: pb::Role::Billing.into(), ..Default::default() }
}

#[tokio::test]
async fn an_existing_user_becomes_a_member() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let (_, guest) = world.owned_practice("bob").await;
    let call = world.call(&owner.token, "CreateMembership", member("BOB")).await.unwrap();
    let created = world.memberships.create_membership(call).await.unwrap().into_inner();
    assert_eq!((created.practice_id, created.email), (practice.to_string(), email("bob")));
    assert_eq!(created.practice_name, "Harbor Counseling");
    let Standing::Person { memberships, .. } = &world.resolve_now(&guest.token).await.unwrap().standing else {
        panic!("a person")
    };
    assert_eq!(memberships.len(), 2);
    let call = world.call(&owner.token, "CreateMembership", member("bob")).await.unwrap();
    assert_eq!(reason(world.memberships.create_membership(call).await), "MEMBERSHIP_EXISTS");
    let call = world.call(&owner.token, "CreateMembership", member("nobody")).await.unwrap();
    assert_eq!(reason(world.memberships.create_membership(call).await), "NOT_FOUND");
    assert!(world.trail(practice).await.contains(&"permission_change membership allowed user".to_owned()));
}

#[tokio::test]
async fn a_therapist_of_nowhere_is_not_found() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "tess", pb::Role::Therapist, false).await;
    let membership = pb::Membership { therapist_id: TherapistId::new().to_string(), ..Default::default() };
    let call = world.call(&owner.token, "UpdateMembership", update(&person.user, membership, &["therapist_id"]));
    assert_eq!(reason(world.memberships.update_membership(call.await.unwrap()).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_change_of_role_is_seen_by_the_next_look_up() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let request = update(&person.user, pb::Membership { etag: "1".into(), ..role(pb::Role::FrontDesk) }, &["role"]);
    let call = world.call(&owner.token, "UpdateMembership", request.clone()).await.unwrap();
    let updated = world.memberships.update_membership(call).await.unwrap().into_inner();
    assert_eq!((updated.role(), updated.etag.as_str()), (pb::Role::FrontDesk, "2"));
    let identity = world.resolve_now(&person.token).await.unwrap();
    assert!(matches!(&identity.standing, Standing::Person { memberships, .. }
        if memberships[0].role == kernel::Role::FrontDesk));
    let call = world.call(&owner.token, "UpdateMembership", request).await.unwrap();
    assert_eq!(reason(world.memberships.update_membership(call).await), "ETAG_MISMATCH");
}

#[tokio::test]
async fn an_admin_neither_changes_the_own_role_nor_raises_anybody_to_owner() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let admin = world.person(practice, "alf", pb::Role::Admin, false).await;
    let friend = world.person(practice, "eve", pb::Role::Billing, false).await;
    let owning = pb::Membership { is_owner: true, ..Default::default() };
    for (target, change, path, expected) in [
        (&admin, role(pb::Role::Billing), "role", "OWN_ROLE"),
        (&admin, owning.clone(), "is_owner", "OWN_ROLE"),
        (&friend, owning, "is_owner", "OWNER_REQUIRED"),
        (&owner, role(pb::Role::Billing), "role", "OWNER_REQUIRED"),
    ] {
        let call = world.call(&admin.token, "UpdateMembership", update(&target.user, change, &[path])).await.unwrap();
        assert_eq!(reason(world.memberships.update_membership(call).await), expected, "{path}");
    }
    let call = world.call(&owner.token, "UpdateMembership", update(&owner.user, role(pb::Role::Billing), &["role"]));
    assert_eq!(reason(world.memberships.update_membership(call.await.unwrap()).await), "OWN_ROLE");
}

#[tokio::test]
async fn the_last_owner_can_neither_leave_nor_give_up() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let give_up = update(&owner.user, pb::Membership::default(), &["is_owner"]);
    let leave = pb::DeactivateMembershipRequest { user_id: owner.user.id.clone(), ..Default::default() };
    let call = world.call(&owner.token, "UpdateMembership", give_up.clone()).await.unwrap();
    assert_eq!(reason(world.memberships.update_membership(call).await), "LAST_OWNER");
    let call = world.call(&owner.token, "DeactivateMembership", leave.clone()).await.unwrap();
    assert_eq!(reason(world.memberships.deactivate_membership(call).await), "LAST_OWNER");
    world.person(practice, "alf", pb::Role::Admin, true).await;
    let call = world.call(&owner.token, "DeactivateMembership", leave).await.unwrap();
    world.memberships.deactivate_membership(call).await.unwrap();
    let identity = world.resolve_now(&owner.token).await.unwrap();
    assert!(matches!(&identity.standing, Standing::Person { memberships, .. } if memberships.is_empty()));
}

#[tokio::test]
async fn two_owners_who_leave_at_once_leave_one_behind() {
    let world = World::new().await;
    let (practice, ada) = world.owned_practice("ada").await;
    let bob = world.person(practice, "bob", pb::Role::Admin, true).await;
    let leave = async |person: &Person| {
        let request = pb::DeactivateMembershipRequest { user_id: person.user.id.clone(), ..Default::default() };
        let call = world.call(&person.token, "DeactivateMembership", request).await.unwrap();
        reason(world.memberships.deactivate_membership(call).await)
    };
    let (a, b) = futures_util::join!(leave(&ada), leave(&bob));
    let mut ended = [a, b];
    ended.sort();
    assert_eq!(ended, ["LAST_OWNER", "ok"]);
}

#[tokio::test]
async fn an_ended_membership_can_be_taken_up_again() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let end = pb::DeactivateMembershipRequest { user_id: person.user.id.clone(), ..Default::default() };
    let call = world.call(&owner.token, "DeactivateMembership", end).await.unwrap();
    assert!(!world.memberships.deactivate_membership(call).await.unwrap().into_inner().is_active);
    world.resolve_now(&person.token).await.unwrap();
    let call = world.call(&person.token, "GetPractice", ()).await;
    assert_eq!(reason(call), "NOT_A_MEMBER");
    let list = async |include_inactive| {
        let request = pb::ListMembershipsRequest { include_inactive, ..Default::default() };
        let call = world.call(&owner.token, "ListMemberships", request).await.unwrap();
        world.memberships.list_memberships(call).await.unwrap().into_inner().memberships.len()
    };
    assert_eq!((list(false).await, list(true).await), (1, 2));
    let back = pb::UpdateMembershipRequest {
        reactivate: true,
        update_mask: None,
        ..update(&person.user, pb::Membership::default(), &[])
    };
    let call = world.call(&owner.token, "UpdateMembership", back).await.unwrap();
    assert!(world.memberships.update_membership(call).await.unwrap().into_inner().is_active);
    world.resolve_now(&person.token).await.unwrap();
    world.call(&person.token, "GetPractice", ()).await.unwrap();
}

#[tokio::test]
async fn a_deactivated_user_gets_no_membership_back() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    world.sql("UPDATE tenancy.users SET is_active = false WHERE email LIKE 'bea%'").await;
    world.sql("UPDATE tenancy.memberships SET is_active = false WHERE NOT is_owner").await;
    let back =
        pb::UpdateMembershipRequest { reactivate: true, ..update(&person.user, role(pb::Role::Billing), &["role"]) };
    let call = world.call(&owner.token, "UpdateMembership", back).await.unwrap();
    assert_eq!(reason(world.memberships.update_membership(call).await), "USER_INACTIVE");
}

#[tokio::test]
async fn memberships_of_other_practices_do_not_exist() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let (foreign, stranger) = world.owned_practice("bob").await;
    let call = world.call(&owner.token, "UpdateMembership", update(&stranger.user, role(pb::Role::Billing), &["role"]));
    assert_eq!(reason(world.memberships.update_membership(call.await.unwrap()).await), "NOT_FOUND");
    let end = pb::DeactivateMembershipRequest { user_id: stranger.user.id.clone(), ..Default::default() };
    let call = world.call(&owner.token, "DeactivateMembership", end).await.unwrap();
    assert_eq!(reason(world.memberships.deactivate_membership(call).await), "NOT_FOUND");
    for practice in [foreign, PracticeId::new()] {
        let call = world.call_in(Some(practice), &owner.token, "ListMemberships", ()).await;
        assert_eq!(reason(call), "NOT_A_MEMBER");
    }
}
