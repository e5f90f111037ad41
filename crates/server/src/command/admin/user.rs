//! `claimsd admin user` and `membership`.

use kernel::Failure;
use serde_json::{Value, json};
use tenancy::membership::LastOwner;
use tenancy::operator::Operator;
use therapy_claims::tenancy::v1 as pb;

use super::{PAGE, id};
use crate::config::{MembershipAction, Person, RoleName, UserAction, UserOf};

pub(super) async fn act(operator: &Operator, action: UserAction) -> Result<Vec<Value>, Failure> {
    match action {
        UserAction::List { practice } => list(operator, &practice).await,
        UserAction::Invite { practice, person, role, owner, verified } => {
            let user = pb::User { is_verified: verified, ..new(person) };
            let request = pb::InviteUserRequest {
                user: Some(user),
                role: role.into(),
                is_owner: owner,
                ..pb::InviteUserRequest::default()
            };
            let invited = operator.invite_user(id(&practice)?, request).await?;
            let user = invited.user.unwrap_or_default();
            Ok(vec![json!({"id": user.id, "email": user.email, "one_time_token": invited.one_time_token})])
        }
        UserAction::ResetPassword(of) => {
            let request = pb::ResetPasswordRequest { id: of.user, request_id: String::new() };
            let reset = operator.reset_password(id(&of.practice)?, request).await?;
            Ok(vec![json!({"token_id": reset.token_id, "one_time_token": reset.one_time_token})])
        }
        UserAction::Suspend { user, last_owner } => {
            let request = pb::DeactivateUserRequest { id: user.user, ..Default::default() };
            Ok(vec![row(&operator.deactivate_user(id(&user.practice)?, &request, last(last_owner)).await?)])
        }
        UserAction::Reactivate(of) => {
            let request = pb::ReactivateUserRequest { id: of.user, ..Default::default() };
            Ok(vec![row(&operator.reactivate_user(id(&of.practice)?, &request).await?)])
        }
        UserAction::Verify { user, phi_trained } => {
            let mut paths = vec!["is_verified"];
            paths.extend(phi_trained.then_some("phi_training_completed"));
            let verified = pb::User { is_verified: true, phi_training_completed: phi_trained, ..pb::User::default() };
            update(operator, user, verified, &paths, LastOwner::Stays).await
        }
        UserAction::Unverify { user, last_owner } => {
            update(operator, user, pb::User::default(), &["is_verified"], last(last_owner)).await
        }
    }
}

async fn update(
    operator: &Operator,
    of: UserOf,
    user: pb::User,
    paths: &[&str],
    last: LastOwner,
) -> Result<Vec<Value>, Failure> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = pb::UpdateUserRequest {
        user: Some(pb::User { id: of.user, ..user }),
        update_mask: Some(prost_types::FieldMask { paths }),
        ..pb::UpdateUserRequest::default()
    };
    Ok(vec![row(&operator.update_user(id(&of.practice)?, request, last).await?)])
}

const fn last(may_go: bool) -> LastOwner {
    if may_go { LastOwner::MayGo } else { LastOwner::Stays }
}

pub(super) async fn act_on_membership(operator: &Operator, action: MembershipAction) -> Result<Vec<Value>, Failure> {
    let member = match action {
        MembershipAction::Add { practice, email, role, owner } => {
            let request = pb::CreateMembershipRequest {
                email,
                role: role.into(),
                is_owner: owner,
                ..pb::CreateMembershipRequest::default()
            };
            operator.add_member(id(&practice)?, &request).await?
        }
        MembershipAction::Set { user, role, owner } => {
            let membership =
                pb::Membership { user_id: user.user, role: role.into(), is_owner: owner, ..pb::Membership::default() };
            let request = pb::UpdateMembershipRequest {
                membership: Some(membership),
                update_mask: Some(prost_types::FieldMask { paths: vec!["role".to_owned(), "is_owner".to_owned()] }),
                reactivate: true,
                request_id: String::new(),
            };
            operator.update_member(id(&user.practice)?, request).await?
        }
        MembershipAction::End(of) => {
            let request = pb::DeactivateMembershipRequest { user_id: of.user, ..Default::default() };
            operator.end_member(id(&of.practice)?, &request).await?
        }
    };
    let role = member.role().as_str_name();
    Ok(vec![
        json!({"user_id": member.user_id, "role": role, "is_owner": member.is_owner, "is_active": member.is_active}),
    ])
}

async fn list(operator: &Operator, practice: &str) -> Result<Vec<Value>, Failure> {
    let (mut rows, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListUsersRequest { page_size: PAGE, page_token, include_inactive: true };
        let listed = operator.list_users(id(practice)?, &request).await?;
        rows.extend(listed.users.iter().map(row));
        page_token = listed.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

pub(super) fn new(person: Person) -> pb::User {
    let Person { email, first_name, last_name, phi_trained } = person;
    pb::User { email, first_name, last_name, phi_training_completed: phi_trained, ..pb::User::default() }
}

pub(super) fn row(user: &pb::User) -> Value {
    json!({"id": user.id, "email": user.email, "is_verified": user.is_verified, "is_active": user.is_active})
}

impl From<RoleName> for i32 {
    fn from(role: RoleName) -> Self {
        let role = match role {
            RoleName::Admin => pb::Role::Admin,
            RoleName::Therapist => pb::Role::Therapist,
            RoleName::Billing => pb::Role::Billing,
            RoleName::FrontDesk => pb::Role::FrontDesk,
        };
        role.into()
    }
}
