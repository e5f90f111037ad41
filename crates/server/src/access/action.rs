//! What a call that did not come to its end is called on the trail.

use audit::Action;
use kernel::Permission;
use kernel::method::Method;

/// What a call that did not come to its end was after.
pub(super) fn action_of(method: &Method) -> Action {
    let name = method.path.rsplit('/').next().unwrap_or_default();
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    if method.permission == Permission::Authenticated {
        Action::Auth
    } else if begins(&["Export"]) {
        Action::Export
    } else if !method.mutates {
        Action::View
    } else if name.ends_with("BreakGlass") {
        Action::BreakGlass
    } else if changes_rights(method.permission) && !["CreateUser", "InviteUser", "UpdateUser"].contains(&name) {
        Action::PermissionChange
    } else if begins(&["Create", "Invite", "Schedule", "Import"]) {
        Action::Create
    } else if begins(&["Deactivate"]) {
        Action::Delete
    } else {
        Action::Update
    }
}

const fn changes_rights(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::UsersManage
            | Permission::MembershipsManage
            | Permission::ServiceAccountsManage
            | Permission::TokensManage
    )
}

/// The service's name stands for the resource where no row was reached.
pub(super) fn resource_of(method: &Method) -> &'static str {
    method.path.trim_start_matches('/').split('/').next().and_then(|s| s.rsplit('.').next()).unwrap_or("rpc")
}
