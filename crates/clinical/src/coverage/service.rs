//! The coverage part of `PatientService`. The same moves as everywhere, under the patient's lock.

use std::sync::Arc;

use audit::vault::once;
use audit::{Action, Change, Vault};
use futures_util::future::BoxFuture;
use futures_util::join;
use kernel::mask::Mask;
use kernel::{Failure, Phi, Scope, Violations, etag};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;

use super::{Coverage, CoverageFilter, convert, primary_member_id, store};
use crate::billing::{local_date, store::time_zone};
use crate::error::Error;
use crate::patient::{self, Patient};

/// Whoever built on the values of coverages: the claims side takes ready claims back to draft.
pub trait Dependents: std::fmt::Debug + Send + Sync {
    /// Called in the transaction that changes a coverage. What it writes must travel with it.
    fn coverage_changed<'a>(&'a self, tx: &'a Tx<'_>, coverage: &'a Coverage) -> BoxFuture<'a, Result<(), Failure>>;
}

pub(crate) async fn create(
    vault: &Vault,
    scope: &Scope,
    message: pb::CreateCoverageRequest,
) -> Result<pb::Coverage, Failure> {
    let mut v = Violations::new();
    let once = once(&mut v, scope, &message.request_id, &message);
    v.set_prefix("coverage.");
    let coverage = convert::new(&mut v, scope, &message.coverage.unwrap_or_default());
    let coverage = &v.done(coverage)?;
    vault
        .write(scope, once.as_ref(), || {
            async move |tx| {
                let id = coverage.patient_id;
                let (patient, others, time_zone) =
                    join!(patient::store::lock(tx, id), store::of_patient(tx, id), time_zone(tx));
                let patient = patient?;
                let mut all = others?;
                if all.iter().any(|other| coverage.collides(other)) {
                    return Err(Error::CoverageOverlap.into());
                }
                store::insert(tx, coverage);
                all.push(coverage.clone());
                keep_in_step(tx, patient.peek(), &all, &time_zone?)?;
                Ok(changed(scope, Action::Create, coverage.clone()))
            }
        })
        .await
}

pub(crate) async fn get(
    vault: &Vault,
    scope: &Scope,
    message: pb::GetCoverageRequest,
) -> Result<pb::Coverage, Failure> {
    let mut v = Violations::new();
    let id = v.id("id", &message.id);
    let id = v.done(id)?;
    let coverage = vault.read_one(scope, async |tx| store::get(tx, id).await).await?;
    Ok(convert::to_pb(coverage))
}

pub(crate) async fn update(
    vault: &Vault,
    dependents: Option<&Arc<dyn Dependents>>,
    scope: &Scope,
    message: pb::UpdateCoverageRequest,
) -> Result<pb::Coverage, Failure> {
    let mut v = Violations::new();
    let once = once(&mut v, scope, &message.request_id, &message);
    let mask = Mask::parse(&mut v, message.update_mask.as_ref(), convert::UPDATABLE);
    v.set_prefix("coverage.");
    let coverage = message.coverage.unwrap_or_default();
    let id = v.id("id", &coverage.id);
    let expected = etag::expected(&mut v, "etag", &coverage.etag);
    let new = mask.read(&mut v, |v| convert::new(v, scope, &coverage));
    let (mask, new) = &v.done((mask, new))?;
    vault
        .write(scope, once.as_ref(), || {
            async move |tx| {
                let (patient, all, time_zone) =
                    join!(store::lock_patient(tx, id), store::beside(tx, id), time_zone(tx));
                let (patient, mut all) = (patient?, all?);
                let row = all.iter_mut().find(|row| row.id == id).ok_or_else(|| store::not_found(id))?;
                etag::check(expected, row.version)?;
                convert::apply(mask, new.clone(), row)?;
                row.version += 1;
                row.updated_at = scope.now();
                let row = row.clone();
                if all.iter().any(|other| row.collides(other)) {
                    return Err(Error::CoverageOverlap.into());
                }
                store::save(tx, &row);
                keep_in_step(tx, patient.peek(), &all, &time_zone?)?;
                if let Some(dependents) = dependents {
                    dependents.coverage_changed(tx, &row).await?;
                }
                Ok(changed(scope, Action::Update, row))
            }
        })
        .await
}

pub(crate) async fn list(
    vault: &Vault,
    scope: &Scope,
    message: pb::ListCoveragesRequest,
) -> Result<pb::ListCoveragesResponse, Failure> {
    let mut v = Violations::new();
    let filter = CoverageFilter {
        patient_id: v.id("patient_id", &message.patient_id),
        effective_on: v.optional_date("effective_on", message.effective_on.map(Into::into)),
    };
    let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
    let page = v.done(page)?;
    let found = vault
        .read_one(scope, async |tx| {
            let (patient, found) = join!(patient::store::get(tx, filter.patient_id), store::list(tx, &filter, &page));
            patient?;
            found
        })
        .await?
        .map(convert::to_pb);
    Ok(pb::ListCoveragesResponse { coverages: found.items, next_page_token: found.next_page_token })
}

fn changed(scope: &Scope, action: Action, coverage: Coverage) -> Change<pb::Coverage> {
    let row = coverage.clone();
    Change::of(scope, action, &row, Phi::new(convert::to_pb(coverage)))
}

/// The patient's row repeats the member id of the primary coverage in force today.
fn keep_in_step(tx: &Tx<'_>, patient: &Patient, all: &[Coverage], time_zone: &str) -> Result<(), Failure> {
    let today = local_date(time_zone, tx.scope().now())?;
    let member_id = primary_member_id(all, today);
    if patient.member_id.as_deref() != member_id {
        patient::store::set_member_id(tx, patient, member_id);
    }
    Ok(())
}
