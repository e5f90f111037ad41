//! The statements of `clinical.patients`.

use std::sync::Arc;

use diesel::dsl::{AsSelect, IntoBoxed, Select, auto_type, exists};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use kernel::access::Own;
use kernel::id::{PatientId, TherapistId};
use kernel::{Failure, Page, PageRequest, Phi, Scope, etag};
use schema::tables::clinical::{patients, sessions};
use schema::{Cached, Explain, Refused, Result, Tx, fixed};

use super::{Patient, PatientFilter, PatientPatch};

/// The patients that a therapist may reach: assigned to, seen by, or opened in an emergency.
#[auto_type(no_type_alias)]
pub(crate) fn own(reach: &Own) -> _ {
    let (therapist, opened): (TherapistId, Vec<PatientId>) = (reach.therapist, reach.patients().collect());
    let seen = sessions::table
        .filter(sessions::practice_id.eq(patients::practice_id))
        .filter(sessions::patient_id.eq(patients::id))
        .filter(sessions::therapist_id.eq(therapist));
    patients::therapist_id.is_not_distinct_from(therapist).or(exists(seen)).or(patients::id.eq_any(opened))
}

fn not_found(id: PatientId) -> Failure {
    Failure::not_found("patient", id)
}

/// One patient in the scope's reach.
pub async fn get(tx: &Tx<'_>, id: PatientId) -> Result<Phi<Patient>, Failure> {
    let query = patients::table.find((tx.practice(), id)).select(Patient::as_select());
    let found = match tx.scope().own() {
        None => fixed!(query).get_result(&mut tx.conn()).await,
        Some(reach) => fixed!(query.filter(own(reach))).get_result(&mut tx.conn()).await,
    };
    found.optional().map_err(schema::Error::from)?.map(Phi::new).ok_or_else(|| not_found(id))
}

/// One patient in the scope's reach, locked until the transaction ends.
pub async fn lock(tx: &Tx<'_>, id: PatientId) -> Result<Phi<Patient>, Failure> {
    let query = patients::table.find((tx.practice(), id)).select(Patient::as_select());
    let found = match tx.scope().own() {
        None => query.for_no_key_update().first(&mut tx.conn()).await,
        Some(reach) => query.filter(own(reach)).for_no_key_update().first(&mut tx.conn()).await,
    };
    found.optional().map_err(schema::Error::from)?.map(Phi::new).ok_or_else(|| not_found(id))
}

/// A page of patients in the scope's reach, by id.
pub async fn list(tx: &Tx<'_>, filter: &PatientFilter, page: &PageRequest) -> Result<Phi<Page<Patient>>, Failure> {
    let rows = listing(tx.scope(), filter, page).load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(Phi::new(page.page(rows, |patient: &Patient| patient.id)))
}

type Listing<'a> = IntoBoxed<'a, Select<patients::table, AsSelect<Patient, Pg>>, Pg>;

pub(crate) fn listing<'a>(scope: &Scope, filter: &'a PatientFilter, page: &PageRequest) -> Listing<'a> {
    let mut query = patients::table
        .select(Patient::as_select())
        .into_boxed()
        .filter(patients::practice_id.eq(scope.practice()))
        .order(patients::id)
        .limit(page.limit());
    if let Some(reach) = scope.own() {
        query = query.filter(own(reach));
    }
    if let Some(id) = page.after::<PatientId>() {
        query = query.filter(patients::id.gt(id));
    }
    if !filter.include_inactive {
        query = query.filter(patients::is_active);
    }
    if let Some(date) = filter.date_of_birth {
        query = query.filter(patients::date_of_birth.eq(date));
    }
    if let Some(therapist) = filter.therapist_id {
        query = query.filter(patients::therapist_id.eq(therapist));
    }
    query
}

/// Adds a patient; it goes out with the commit.
pub fn insert(tx: &Tx<'_>, patient: &Patient) {
    let patient = Arc::new(patient.clone());
    tx.defer(move |tx| {
        let patient = Arc::clone(&patient);
        async move {
            let insert = diesel::insert_into(patients::table).values(&*patient);
            insert.execute(&mut tx.conn()).await.explain(missing_therapist).map(drop)
        }
        .boxed()
    });
}

/// The rows that an import brought before.
///
/// # Errors
/// The database's.
pub async fn imported(tx: &Tx<'_>, source: &str, keys: &[&str]) -> Result<Vec<(Option<String>, PatientId)>> {
    let query = patients::table
        .filter(patients::practice_id.eq(tx.practice()))
        .filter(patients::source.eq(source))
        .filter(patients::source_id.eq_any(keys))
        .select((patients::source_id, patients::id));
    Ok(query.load(&mut tx.conn()).await?)
}

/// Which of these patients there are, and whether they are active.
///
/// # Errors
/// The database's.
pub async fn standing(tx: &Tx<'_>, ids: &[PatientId]) -> Result<Vec<(PatientId, bool)>> {
    let query = patients::table
        .filter(patients::practice_id.eq(tx.practice()))
        .filter(patients::id.eq_any(ids))
        .select((patients::id, patients::is_active));
    Ok(query.load(&mut tx.conn()).await?)
}

/// Changes the named fields; the row must have been locked, so that `version` is the current one.
pub async fn update(tx: &Tx<'_>, id: PatientId, version: i64, patch: &PatientPatch) -> Result<Phi<Patient>, Failure> {
    let target = patients::table.find((tx.practice(), id)).filter(patients::version.eq(version));
    let update = diesel::update(target)
        .set((patch, patients::version.eq(version + 1), patients::updated_at.eq(tx.scope().now())))
        .returning(Patient::as_returning());
    let row = Cached(update).get_result(&mut tx.conn()).await.optional().explain(missing_therapist)?;
    row.map(Phi::new).ok_or_else(etag::mismatch)
}

/// Writes the member id of the primary coverage beside a patient that was locked; it goes out with the commit.
pub fn set_member_id(tx: &Tx<'_>, patient: &Patient, member_id: Option<&str>) {
    let (id, version, member_id) = (patient.id, patient.version, member_id.map(str::to_owned));
    tx.defer(move |tx| {
        let member_id = member_id.clone();
        async move {
            let target = patients::table.find((tx.practice(), id)).filter(patients::version.eq(version));
            let update = diesel::update(target).set((
                patients::member_id.eq(member_id),
                patients::version.eq(version + 1),
                patients::updated_at.eq(tx.scope().now()),
            ));
            match Cached(update).execute(&mut tx.conn()).await.map_err(schema::Error::from)? {
                0 => Err(etag::mismatch()),
                _ => Ok(()),
            }
        }
        .boxed()
    });
}

fn missing_therapist(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Dangling("patients_therapist_fkey") => Some(Failure::not_found("therapist", "")),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    }
}
