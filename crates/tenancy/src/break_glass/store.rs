//! The statements of `tenancy.break_glasses`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::id::BreakGlassId;
use kernel::{Failure, Page, PageRequest, Phi, etag};
use schema::tables::tenancy::break_glasses;
use schema::{Explain, Refused, Result, Tx};

use super::{BreakGlass, user};

fn not_found(id: BreakGlassId) -> Failure {
    Failure::not_found("break-glass", id)
}

/// Adds one.
///
/// # Errors
/// `NOT_FOUND` without the patient, or the database's.
pub async fn insert(tx: &Tx<'_>, glass: &BreakGlass) -> Result<(), Failure> {
    let insert = diesel::insert_into(break_glasses::table).values(glass);
    let missing = |refused: Refused<'_>| match refused {
        Refused::Dangling("break_glasses_patient_fkey") => Some(Failure::not_found("patient", glass.patient_id)),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    };
    insert.execute(&mut tx.conn()).await.explain(missing)?;
    Ok(())
}

/// One in the scope's reach, locked until the transaction ends: a therapist's own, an admin's any.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn lock(tx: &Tx<'_>, id: BreakGlassId) -> Result<BreakGlass, Failure> {
    let query = break_glasses::table.find((tx.practice(), id)).select(BreakGlass::as_select()).for_no_key_update();
    let found: Option<BreakGlass> = query.first(&mut tx.conn()).await.optional().map_err(schema::Error::from)?;
    let found = found.ok_or_else(|| not_found(id))?;
    if tx.scope().own().is_some() && found.user_id != user(tx.scope())? {
        return Err(not_found(id));
    }
    Ok(found)
}

/// A page in the scope's reach, by id.
///
/// # Errors
/// The database's.
pub async fn list(tx: &Tx<'_>, unreviewed: bool, page: &PageRequest) -> Result<Phi<Page<BreakGlass>>, Failure> {
    let mut query = break_glasses::table
        .select(BreakGlass::as_select())
        .into_boxed()
        .filter(break_glasses::practice_id.eq(tx.practice()))
        .order(break_glasses::id)
        .limit(page.limit());
    if tx.scope().own().is_some() {
        query = query.filter(break_glasses::user_id.eq(user(tx.scope())?));
    }
    if let Some(id) = page.after::<BreakGlassId>() {
        query = query.filter(break_glasses::id.gt(id));
    }
    if unreviewed {
        query = query.filter(break_glasses::reviewed_at.is_null());
    }
    let rows: Vec<BreakGlass> = query.load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(Phi::new(page.page(rows, |glass| glass.id)))
}

/// Writes one that was locked and changed in memory.
///
/// # Errors
/// The database's.
pub async fn save(tx: &Tx<'_>, glass: &BreakGlass) -> Result<(), Failure> {
    let target =
        break_glasses::table.find((tx.practice(), glass.id)).filter(break_glasses::version.eq(glass.version - 1));
    match diesel::update(target).set(glass).execute(&mut tx.conn()).await.map_err(schema::Error::from)? {
        0 => Err(etag::mismatch()),
        _ => Ok(()),
    }
}
