//! `claimsd admin`: the operator at the machine, with the same services as everybody and the same audit trail.

mod account;
mod user;

use std::io::Read;
use std::process::ExitCode;

use kernel::page::TokenKey;
use kernel::{Failure, PracticeId, Violations};
use schema::Db;
use serde_json::{Value, json};
use tenancy::operator::Operator;
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as pb;

use super::{Ended, serve};
use crate::app::App;
use crate::config::{Admin, AdminAction, PracticeAction};
use crate::console::{say, table};
use crate::import::Output;

/// Rows asked for at a time.
const PAGE: i32 = 500;

/// # Errors
/// What the service answers, with every violation named.
pub async fn run(args: Admin) -> Ended {
    // nothing here hands out page tokens that must outlive the command
    let app = App::open(serve::production(args.database, TokenKey::new(b"one command"))?).await?;
    let operator = app.parts().operator("claimsd admin");
    let rows = act(&operator, args.action, &mut std::io::stdin()).await.map_err(|failure| {
        let fields: Vec<_> = failure.violations().iter().map(|v| format!("{} {}", v.field, v.description)).collect();
        format!("{failure} {}", fields.join("; "))
    })?;
    show(&rows, args.output)?;
    Ok(ExitCode::SUCCESS)
}

/// Does it. `input` is where secrets come from: on the command line other processes would see them.
///
/// # Errors
/// What the service answers.
pub async fn act(
    operator: &Operator,
    action: AdminAction,
    input: &mut (dyn Read + Send),
) -> Result<Vec<Value>, Failure> {
    match action {
        AdminAction::CreateFounder { person } => {
            let user = pb::User { is_verified: true, ..user::new(person) };
            Ok(vec![user::row(&operator.create_founder(&user, &secret(input)?).await?)])
        }
        AdminAction::Practice(action) => practice(operator, action, input).await,
        AdminAction::User(action) => user::act(operator, action).await,
        AdminAction::Membership(action) => user::act_on_membership(operator, action).await,
        AdminAction::Account(action) => account::act(operator, action).await,
        AdminAction::Token(action) => account::act_on_token(operator, action).await,
    }
}

async fn practice(
    operator: &Operator,
    action: PracticeAction,
    input: &mut (dyn Read + Send),
) -> Result<Vec<Value>, Failure> {
    let row =
        |practice: &pb::Practice| json!({"id": practice.id, "name": practice.name, "is_active": practice.is_active});
    match action {
        PracticeAction::List { migrator_database_url } => {
            let listed = Operator::list_practices(&Db::new(&migrator_database_url, 1)?).await?;
            Ok(listed.iter().map(row).collect())
        }
        PracticeAction::Create { name, npi, tax_id_is_ssn, taxonomy, time_zone, street, city, state, zip_code } => {
            let tax_id_type = if tax_id_is_ssn { pb::TaxIdType::Ssn } else { pb::TaxIdType::Ein };
            let address = common::Address { line1: street, line2: String::new(), city, state, zip_code };
            let practice = pb::Practice {
                name,
                npi,
                tax_id: secret(input)?,
                tax_id_type: tax_id_type.into(),
                taxonomy,
                time_zone,
                address: Some(address),
                ..pb::Practice::default()
            };
            Ok(vec![row(&operator.create_practice(&practice).await?)])
        }
    }
}

/// All of the input but the end of its last line.
fn secret(input: &mut (dyn Read + Send)) -> Result<String, Failure> {
    let text = std::io::read_to_string(input).map_err(Failure::internal)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn id(practice: &str) -> Result<PracticeId, Failure> {
    let mut v = Violations::new();
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
