//! The rules about owners, without a database.

use super::*;

const NONE: MembershipPatch = MembershipPatch { role: None, is_owner: None, is_active: None, therapist_id: None };

fn member(role: Role, is_owner: bool) -> Membership {
    let now = DateTime::<Utc>::MIN_UTC;
    Membership {
        practice_id: PracticeId::new(),
        user_id: UserId::new(),
        role,
        is_owner,
        is_active: true,
        therapist_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn judge(owners: &[&Membership], caller: &Membership, target: &Membership, patch: &MembershipPatch) -> &'static str {
    let owners = Owners(owners.iter().map(|m| m.user_id).collect());
    match owners.judge(Actor::User(caller.user_id), target, &target.patched(patch)) {
        Ok(()) => "ok",
        Err(failure) => failure.reason,
    }
}

#[test]
fn the_last_owner_stays_an_active_owning_admin() {
    let owner = member(Role::Admin, true);
    for patch in [MembershipPatch { is_owner: Some(false), ..NONE }, MembershipPatch { is_active: Some(false), ..NONE }]
    {
        assert_eq!(judge(&[&owner], &owner, &owner, &patch), "LAST_OWNER");
        let other = member(Role::Admin, true);
        assert_eq!(judge(&[&owner, &other], &owner, &owner, &patch), "ok");
    }
    let demoted = MembershipPatch { role: Some(Role::Billing), ..NONE };
    let owners = Owners(vec![owner.user_id]);
    let failure = owners.judge(Actor::System, &owner, &owner.patched(&demoted)).unwrap_err();
    assert_eq!(failure.reason, "LAST_OWNER");
}

#[test]
fn nobody_changes_the_own_role() {
    let (admin, owner) = (member(Role::Admin, false), member(Role::Admin, true));
    let demoted = MembershipPatch { role: Some(Role::Billing), ..NONE };
    let raised = MembershipPatch { is_owner: Some(true), ..NONE };
    assert_eq!(judge(&[&owner], &admin, &admin, &demoted), "OWN_ROLE");
    assert_eq!(judge(&[&owner], &admin, &admin, &raised), "OWN_ROLE");
}

#[test]
fn only_owners_decide_about_owners() {
    let (admin, owner, other) = (member(Role::Admin, false), member(Role::Admin, true), member(Role::Admin, true));
    let raised = MembershipPatch { is_owner: Some(true), ..NONE };
    let ended = MembershipPatch { is_active: Some(false), ..NONE };
    let accomplice = member(Role::Admin, false);
    let owners = [&owner, &other];
    assert_eq!(judge(&owners, &admin, &accomplice, &raised), "OWNER_REQUIRED");
    assert_eq!(judge(&owners, &admin, &owner, &ended), "OWNER_REQUIRED");
    assert_eq!(judge(&owners, &owner, &accomplice, &raised), "ok");
    assert_eq!(judge(&owners, &owner, &other, &ended), "ok");
    assert_eq!(judge(&owners, &admin, &accomplice, &ended), "ok");
}

#[test]
fn what_ranks_nobody_needs_no_judgement() {
    let (admin, owner) = (member(Role::Admin, false), member(Role::Admin, true));
    let therapist = MembershipPatch { therapist_id: Some(Some(TherapistId::new())), ..NONE };
    assert_eq!(judge(&[&owner], &admin, &owner, &therapist), "ok");
}
