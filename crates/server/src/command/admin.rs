//! `claimsd admin`: the operator at the machine, with the same services as everybody and the same audit trail.

use std::process::ExitCode;

use kernel::page::TokenKey;
use serde_json::{Value, json};
use tenancy::operator::Operator;
use therapy_claims::tenancy::v1 as pb;

use super::{Ended, serve};
use crate::app::App;
use crate::config::{Admin, AdminAction};
use crate::console::{say, table};
use crate::import::Output;

/// # Errors
/// What the service answers, with every violation named.
pub async fn run(args: Admin) -> Ended {
    // nothing here hands out page tokens that must outlive the command
    let app = App::open(serve::production(args.database, TokenKey::new(b"one command"))?).await?;
    let rows = act(&app.parts().operator("claimsd admin"), args.action).await.map_err(|failure| {
        let fields: Vec<_> = failure.violations().iter().map(|v| format!("{} {}", v.field, v.description)).collect();
        format!("{failure} {}", fields.join("; "))
    })?;
    show(&rows, args.output)?;
    Ok(ExitCode::SUCCESS)
}

async fn act(operator: &Operator, action: AdminAction) -> Result<Vec<Value>, kernel::Failure> {
    match action {
        AdminAction::CreateFounder { email, first_name, last_name, phi_trained } => {
            let user = pb::User {
                email,
                first_name,
                last_name,
                is_verified: true,
                phi_training_completed: phi_trained,
                ..pb::User::default()
            };
            let password = std::io::read_to_string(std::io::stdin()).map_err(kernel::Failure::internal)?;
            Ok(vec![user_row(&operator.create_founder(&user, password.trim_end_matches(['\r', '\n'])).await?)])
        }
        AdminAction::ListUsers { practice } => {
            let request = pb::ListUsersRequest { page_size: PAGE, ..Default::default() };
            let listed = operator.list_users(id(&practice)?, &request).await?;
            Ok(listed.users.iter().map(user_row).collect())
        }
        AdminAction::ListAccounts { practice } => {
            let listed = operator.list_accounts(id(&practice)?).await?;
            Ok(listed.iter().map(|a| json!({"id": a.id, "name": a.name, "is_active": a.is_active})).collect())
        }
        AdminAction::IssueToken { practice, account } => {
            let request = pb::IssueTokenRequest { service_account_id: account, ..Default::default() };
            let issued = operator.issue_token(id(&practice)?, request).await?;
            let token = issued.token.unwrap_or_default();
            Ok(vec![json!({"id": token.id, "secret": issued.secret})])
        }
        AdminAction::ListTokens { practice, account } => {
            let request = pb::ListTokensRequest { service_account_id: account, page_size: PAGE, ..Default::default() };
            let listed = operator.list_tokens(id(&practice)?, request).await?;
            Ok(listed.tokens.iter().map(|t| json!({"id": t.id})).collect())
        }
        AdminAction::RevokeToken { practice, token } => {
            let request = pb::RevokeTokenRequest { token_id: token, request_id: String::new() };
            let revoked = operator.revoke_token(id(&practice)?, request).await?;
            Ok(vec![json!({"id": revoked.id})])
        }
    }
}

/// Rows shown at most.
const PAGE: i32 = 500;

fn user_row(user: &pb::User) -> Value {
    json!({"id": user.id, "email": user.email, "is_verified": user.is_verified})
}

fn id(practice: &str) -> Result<kernel::PracticeId, kernel::Failure> {
    let mut v = kernel::Violations::new();
    let id = v.id("practice", practice);
    v.done(id)
}

fn show(rows: &[Value], output: Output) -> Result<(), serde_json::Error> {
    match output {
        Output::Json => say(&serde_json::to_string_pretty(rows)?),
        Output::Table => {
            let lines = rows.iter().filter_map(Value::as_object).flatten();
            table(
                ["field", "value"],
                lines.map(|(field, value)| {
                    [field.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]
                }),
            );
        }
    }
    Ok(())
}
