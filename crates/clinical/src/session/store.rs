//! The statements of `clinical.sessions`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::dsl::{AsSelect, IntoBoxed, Select, auto_type};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use kernel::access::Own;
use kernel::id::{PatientId, SessionId, TherapistId};
use kernel::{Failure, Page, PageRequest, Phi, Scope, etag};
use schema::tables::clinical::sessions;
use schema::{Explain, Refused, Result, Tx, fixed};

use super::{Session, SessionFilter, SessionStatus};

/// The sessions that a therapist may read: the own ones, and those of patients opened in an emergency.
#[auto_type(no_type_alias)]
fn readable(own: &Own) -> _ {
    let (therapist, opened): (TherapistId, Vec<PatientId>) = (own.therapist, own.patients().collect());
    sessions::therapist_id.eq(therapist).or(sessions::patient_id.eq_any(opened))
}

fn not_found(id: SessionId) -> Failure {
    Failure::not_found("session", id)
}

/// One session in the scope's reach.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn get(tx: &Tx<'_>, id: SessionId) -> Result<Phi<Session>, Failure> {
    let query = sessions::table.find((tx.practice(), id)).select(Session::as_select());
    let found = match tx.scope().own() {
        None => fixed!(query).get_result(&mut tx.conn()).await,
        Some(own) => fixed!(query.filter(readable(own))).get_result(&mut tx.conn()).await,
    };
    found.optional().map_err(schema::Error::from)?.map(Phi::new).ok_or_else(|| not_found(id))
}

/// One session in the scope's reach, locked until the transaction ends.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn lock(tx: &Tx<'_>, id: SessionId) -> Result<Phi<Session>, Failure> {
    let query = sessions::table.find((tx.practice(), id)).select(Session::as_select());
    let found = match tx.scope().own() {
        None => fixed!(query.for_no_key_update()).get_result(&mut tx.conn()).await,
        Some(Own { therapist, .. }) => {
            let query = query.filter(sessions::therapist_id.eq(therapist)).for_no_key_update();
            fixed!(query).get_result(&mut tx.conn()).await
        }
    };
    found.optional().map_err(schema::Error::from)?.map(Phi::new).ok_or_else(|| not_found(id))
}

/// A page of sessions in the scope's reach, by day and id.
///
/// # Errors
/// The database's.
pub async fn list(tx: &Tx<'_>, filter: &SessionFilter, page: &PageRequest) -> Result<Phi<Page<Session>>, Failure> {
    let rows = listing(tx.scope(), filter, page).load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(Phi::new(page.page(rows, |session: &Session| (session.session_date, session.id))))
}

type Listing<'a> = IntoBoxed<'a, Select<sessions::table, AsSelect<Session, Pg>>, Pg>;

pub(crate) fn listing<'a>(scope: &Scope, filter: &'a SessionFilter, page: &PageRequest) -> Listing<'a> {
    let mut query = sessions::table
        .select(Session::as_select())
        .into_boxed()
        .filter(sessions::practice_id.eq(scope.practice()))
        .order((sessions::session_date, sessions::id))
        .limit(page.limit());
    match scope.own() {
        None => {}
        // the index of the therapist's days serves this one
        Some(Own { therapist, break_glasses }) if break_glasses.is_empty() => {
            query = query.filter(sessions::therapist_id.eq(*therapist));
        }
        Some(own) => query = query.filter(readable(own)),
    }
    if let Some((date, id)) = page.after::<(chrono::NaiveDate, SessionId)>() {
        // the first condition is what the index is entered by, the second one sorts out that day
        query = query.filter(sessions::session_date.ge(date));
        query = query.filter(sessions::session_date.gt(date).or(sessions::id.gt(id)));
    }
    if let Some(patient) = filter.patient_id {
        query = query.filter(sessions::patient_id.eq(patient));
    }
    if let Some(therapist) = filter.therapist_id {
        query = query.filter(sessions::therapist_id.eq(therapist));
    }
    if let Some(from) = filter.from {
        query = query.filter(sessions::session_date.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(sessions::session_date.le(to));
    }
    if let Some(status) = filter.status {
        query = query.filter(sessions::status.eq(status));
    }
    query
}

/// Adds a session; it goes out with the commit.
pub fn insert(tx: &Tx<'_>, session: &Session) {
    let session = Arc::new(session.clone());
    tx.defer(move |tx| {
        let session = Arc::clone(&session);
        async move { insert_now(tx, &session).await }.boxed()
    });
}

/// Adds a session whose row other statements of the same transaction read.
///
/// # Errors
/// `NOT_FOUND` for its patient or therapist, or the database's.
pub async fn insert_now(tx: &Tx<'_>, session: &Session) -> Result<(), Failure> {
    let insert = diesel::insert_into(sessions::table).values(session);
    insert.execute(&mut tx.conn()).await.explain(dangling).map(drop)
}

/// The rows that an import brought before.
///
/// # Errors
/// The database's.
pub async fn imported(tx: &Tx<'_>, source: &str, keys: &[&str]) -> Result<Vec<(Option<String>, SessionId)>> {
    let query = sessions::table
        .filter(sessions::practice_id.eq(tx.practice()))
        .filter(sessions::source.eq(source))
        .filter(sessions::source_id.eq_any(keys))
        .select((sessions::source_id, sessions::id));
    Ok(query.load(&mut tx.conn()).await?)
}

/// Writes a session that was locked and changed in memory; it goes out with the commit.
pub fn save(tx: &Tx<'_>, session: &Session) {
    let session = Arc::new(session.clone());
    tx.defer(move |tx| {
        let session = Arc::clone(&session);
        async move {
            let target =
                sessions::table.find((tx.practice(), session.id)).filter(sessions::version.eq(session.version - 1));
            let update = diesel::update(target).set(&*session);
            match fixed!(update).execute(&mut tx.conn()).await.explain(dangling)? {
                0 => Err(etag::mismatch()),
                _ => Ok(()),
            }
        }
        .boxed()
    });
}

/// What completing or cancelling changes; what was booked stays.
#[derive(AsChangeset)]
#[diesel(table_name = sessions, treat_none_as_null = true)]
struct Ended<'a> {
    status: SessionStatus,
    completed_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    cancellation_reason: Option<&'a str>,
    version: i64,
    updated_at: DateTime<Utc>,
}

/// Writes how a session ended that was locked and ended in memory; it goes out with the commit.
pub fn save_end(tx: &Tx<'_>, session: &Session) {
    let session = Arc::new(session.clone());
    tx.defer(move |tx| {
        let session = Arc::clone(&session);
        async move {
            let ended = Ended {
                status: session.status,
                completed_at: session.completed_at,
                cancelled_at: session.cancelled_at,
                cancellation_reason: session.cancellation_reason.as_deref(),
                version: session.version,
                updated_at: session.updated_at,
            };
            let target =
                sessions::table.find((tx.practice(), session.id)).filter(sessions::version.eq(session.version - 1));
            let update = fixed!(diesel::update(target).set(&ended));
            match update.execute(&mut tx.conn()).await.map_err(schema::Error::from)? {
                0 => Err(etag::mismatch()),
                _ => Ok(()),
            }
        }
        .boxed()
    });
}

fn dangling(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Dangling("sessions_therapist_fkey") => Some(Failure::not_found("therapist", "")),
        Refused::Dangling("sessions_patient_fkey") => Some(Failure::not_found("patient", "")),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    }
}
