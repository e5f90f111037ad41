//! Sets the scene for a run: practices, the people in them, the accounts of other services, and the data that
//! sessions need. All of it is looked up before it is made, so that a second start finds what the first one left.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, TimeDelta};
use futures_util::{StreamExt, TryStreamExt, stream};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::tenancy::v1 as tenancy;
use tonic::Code;

use super::draw::request_id;
use super::make::{self, Plan, PracticeShape};
use crate::caller::{Caller, Error, PAGE, pages, rpc};

/// Practices that are set up at a time; passwords are slow to hash on purpose.
const AT_A_TIME: usize = 3;
/// Rows of one import stream.
const ROWS: usize = 100;
/// Names our rows in imports.
const SOURCE: &str = "workload";

/// A practice with people who work in it.
#[derive(Debug)]
pub struct Seat {
    pub id: String,
    pub name: String,
    pub admin: Worker,
    pub therapist: Worker,
    pub billing: Worker,
    pub front_desk: Worker,
    pub plan: Plan,
    /// Ids of the plan's therapists, in its order.
    pub therapist_ids: Vec<String>,
    /// Ids of the plan's patients, in its order.
    pub patient_ids: Vec<String>,
}

/// Somebody logged in.
#[derive(Debug)]
pub struct Worker {
    pub email: String,
    pub token: String,
    pub caller: Caller,
}

/// Sets up all practices of a shape.
pub(super) async fn seats(operator: &Caller, seed: u64, shape: &make::Shape) -> Result<Vec<Seat>, Error> {
    let known = practices(operator).await?;
    let mut opened = Vec::new();
    // one by one: who the operator is there must have sunk in before the next call is judged
    for practice in &shape.practices {
        opened.push((practice, open(operator, seed, practice.index, &known).await?));
    }
    let mut seats: Vec<Seat> = stream::iter(opened)
        .map(|(size, practice)| seat(operator, seed, *size, shape.weeks, practice))
        .buffer_unordered(AT_A_TIME)
        .try_collect()
        .await?;
    seats.sort_by_key(|seat| seat.plan.index);
    Ok(seats)
}

async fn practices(operator: &Caller) -> Result<Vec<tenancy::Practice>, Error> {
    pages(async |page_token| {
        let request = tenancy::ListPracticesRequest { page_size: PAGE, page_token };
        let listed =
            rpc!(operator, practices.list_practices, "tenancy.v1.PracticeService/ListPractices", request).await?;
        Ok((listed.practices, listed.next_page_token))
    })
    .await
}

/// Finds a practice by its name, or creates it.
async fn open(
    operator: &Caller,
    seed: u64,
    index: usize,
    known: &[tenancy::Practice],
) -> Result<tenancy::Practice, Error> {
    let planned = make::practice(seed, index);
    if let Some(practice) = known.iter().find(|practice| practice.name == planned.name) {
        return Ok(practice.clone());
    }
    let request = tenancy::CreatePracticeRequest {
        request_id: request_id(seed, &["practice", &planned.name]),
        practice: Some(planned),
    };
    rpc!(operator, practices.create_practice, "tenancy.v1.PracticeService/CreatePractice", request).await
}

async fn seat(
    operator: &Caller,
    seed: u64,
    size: PracticeShape,
    weeks: usize,
    practice: tenancy::Practice,
) -> Result<Seat, Error> {
    let number = (size.index + 1).to_string();
    let plan = make::plan(seed, &size, weeks, day(&practice)?);
    let operator = operator.in_practice(&practice.id)?;
    let therapist_ids = import_therapists(&operator, &plan).await?;
    let own = therapist_ids.first().cloned().unwrap_or_default();
    let hire = async |role, therapist_id| hire(&operator, seed, &number, role, therapist_id).await;
    let admin = hire(tenancy::Role::Admin, String::new()).await?;
    let therapist = hire(tenancy::Role::Therapist, own).await?;
    let billing = hire(tenancy::Role::Billing, String::new()).await?;
    let front_desk = hire(tenancy::Role::FrontDesk, String::new()).await?;
    set_networks(&admin.caller, seed, &plan, &therapist_ids).await?;
    let patient_ids = import_patients(&admin.caller, &plan, &therapist_ids).await?;
    Ok(Seat {
        id: practice.id,
        name: practice.name,
        admin,
        therapist,
        billing,
        front_desk,
        plan,
        therapist_ids,
        patient_ids,
    })
}

/// The day that the plan is made for: that of the practice's creation, so that it stays the same. Half a day earlier,
/// it is over everywhere.
fn day(practice: &tenancy::Practice) -> Result<NaiveDate, Error> {
    let created = practice.created_at.and_then(|at| DateTime::from_timestamp(at.seconds, 0));
    let created = created.ok_or_else(|| Error::Unexpected("a practice has no time of creation".to_owned()))?;
    Ok((created - TimeDelta::hours(12)).date_naive())
}

/// Gives a practice a user of that role, and logs the user in.
async fn hire(
    operator: &Caller,
    seed: u64,
    practice: &str,
    role: tenancy::Role,
    therapist_id: String,
) -> Result<Worker, Error> {
    let name = match role {
        tenancy::Role::Admin => "admin",
        tenancy::Role::Therapist => "therapist",
        tenancy::Role::Billing => "billing",
        tenancy::Role::FrontDesk | tenancy::Role::Unspecified => "front_desk",
    };
    let email = format!("{name}@practice{practice}.demo{seed}.example.com");
    // for demonstrations only: whoever knows the seed knows it
    let password = request_id(seed, &["password", &email]);
    let request = tenancy::CreateUserRequest {
        user: Some(tenancy::User {
            email: email.clone(),
            first_name: "Demo".to_owned(),
            last_name: format!("{name} {practice}"),
            role: role.into(),
            is_verified: true,
            phi_training_completed: true,
            ..tenancy::User::default()
        }),
        password: password.clone(),
        role: role.into(),
        is_owner: false,
        therapist_id,
        request_id: request_id(seed, &["user", &email]),
    };
    match rpc!(operator, users.create_user, "tenancy.v1.UserService/CreateUser", request).await {
        Ok(_) => {}
        Err(error) if error.is(Code::AlreadyExists) => {}
        Err(error) => return Err(error),
    }
    let request = tenancy::LoginRequest { email: email.clone(), password, ..Default::default() };
    let login = rpc!(operator.with_token("")?, auth.login, "tenancy.v1.AuthService/Login", request).await?;
    let caller = operator.with_token(&login.token)?.in_practice(operator.practice_id())?;
    Ok(Worker { email, token: login.token, caller })
}

async fn import_therapists(operator: &Caller, plan: &Plan) -> Result<Vec<String>, Error> {
    let row = |planned: &make::TherapistPlan, ids: &[String]| {
        let supervisor_id = planned.supervisor.and_then(|at| ids.get(at)).cloned().unwrap_or_default();
        clinical::ImportTherapistsRequest {
            therapist: Some(clinical::Therapist { supervisor_id, ..planned.therapist.clone() }),
            source: SOURCE.to_owned(),
            source_id: planned.key.clone(),
        }
    };
    let mut ids = Vec::new();
    // the first one by itself: whoever supervises must be known before
    let (first, others) = plan.therapists.split_at(plan.therapists.len().min(1));
    for chunk in first.chunks(ROWS).chain(others.chunks(ROWS)) {
        let rows: Vec<_> = chunk.iter().map(|planned| row(planned, &ids)).collect();
        let imported = operator
            .call("/therapy.clinical.v1.ImportService/ImportTherapists", rows, |client, request| async move {
                client.imports().import_therapists(request.map(stream::iter)).await
            })
            .await?;
        ids.extend(taken(imported.results)?);
    }
    Ok(ids)
}

async fn import_patients(admin: &Caller, plan: &Plan, therapist_ids: &[String]) -> Result<Vec<String>, Error> {
    let row = |planned: &make::PatientPlan| {
        let therapist_id = therapist_ids.get(planned.therapist).cloned().unwrap_or_default();
        clinical::ImportPatientsRequest {
            patient: Some(clinical::Patient { therapist_id, ..planned.patient.clone() }),
            source: SOURCE.to_owned(),
            source_id: planned.key.clone(),
            coverages: planned.coverages.clone(),
        }
    };
    let mut ids = Vec::new();
    for chunk in plan.patients.chunks(ROWS) {
        let rows: Vec<_> = chunk.iter().map(row).collect();
        let imported = admin
            .call("/therapy.clinical.v1.ImportService/ImportPatients", rows, |client, request| async move {
                client.imports().import_patients(request.map(stream::iter)).await
            })
            .await?;
        ids.extend(taken(imported.results)?);
    }
    Ok(ids)
}

/// The ids of imported rows, none of which may be refused.
fn taken(results: Vec<clinical::ImportResult>) -> Result<Vec<String>, Error> {
    let id = |result: clinical::ImportResult| match result.problem {
        None => Ok(result.id),
        Some(problem) => {
            let fields: Vec<_> = problem.violations.iter().map(|violation| violation.field.as_str()).collect();
            Err(Error::Unexpected(format!("row {} is refused: {} {fields:?}", result.row, problem.reason)))
        }
    };
    results.into_iter().map(id).collect()
}

/// Tells how the therapists stand with the payers, as far as that isn't known yet.
async fn set_networks(admin: &Caller, seed: u64, plan: &Plan, therapist_ids: &[String]) -> Result<(), Error> {
    let known = pages(async |page_token| {
        let request = clinical::ListNetworkStatusesRequest { page_size: PAGE, page_token, ..Default::default() };
        let listed =
            rpc!(admin, therapists.list_network_statuses, "clinical.v1.TherapistService/ListNetworkStatuses", request)
                .await?;
        Ok((listed.network_statuses, listed.next_page_token))
    })
    .await?;
    let known: HashSet<_> = known.into_iter().map(|status| (status.therapist_id, status.payer_id)).collect();
    for (planned, therapist_id) in plan.therapists.iter().zip(therapist_ids) {
        for payer_id in &planned.networks {
            if known.contains(&(therapist_id.clone(), (*payer_id).to_owned())) {
                continue;
            }
            let request = clinical::SetNetworkStatusRequest {
                network_status: Some(clinical::NetworkStatus {
                    therapist_id: therapist_id.clone(),
                    payer_id: (*payer_id).to_owned(),
                    status: clinical::NetworkParticipation::InNetwork.into(),
                    effective_from: planned.therapist.employed_from,
                    ..Default::default()
                }),
                request_id: request_id(seed, &["network", &planned.key, payer_id]),
            };
            rpc!(admin, therapists.set_network_status, "clinical.v1.TherapistService/SetNetworkStatus", request)
                .await?;
        }
    }
    Ok(())
}
