//! `AnalyticsService`. Its figures hold no PHI, so reading them leaves no entry.

use kernel::{Call, Violations, answer};
use schema::{Db, Tx};
use therapy_claims::analytics::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Summary, convert, store};

/// Serves the figures of the caller's practice.
#[derive(Debug, Clone)]
pub struct Analytics {
    db: Db,
}

impl Analytics {
    /// `db` logs in as `claims_app`, or as `claims_analytics`, which can read figures and nothing else.
    #[must_use]
    pub const fn new(db: Db) -> Self {
        Self { db }
    }
}

#[tonic::async_trait]
impl pb::analytics_service_server::AnalyticsService for Analytics {
    async fn get_practice_summary(
        &self,
        request: Request<pb::GetPracticeSummaryRequest>,
    ) -> Result<Response<pb::PracticeSummary>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let day = v.date("day", message.day.map(Into::into));
            let day = v.done(day)?;
            let read = async |tx: &Tx<'_>| Ok(store::range(tx, day, day).await?);
            let (days, mark) = self.db.read_one(scope, read).await?;
            let summary = days.into_iter().next().unwrap_or_else(|| Summary::zero(day));
            Ok(convert::to_pb(scope.practice(), &summary, mark))
        })
        .await
    }

    async fn list_practice_summaries(
        &self,
        request: Request<pb::ListPracticeSummariesRequest>,
    ) -> Result<Response<pb::ListPracticeSummariesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let (from, to) = convert::range(&mut v, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &(from, to));
            let page = v.done(page)?;
            let read = async |tx: &Tx<'_>| Ok(store::range(tx, from, to).await?);
            let (days, mark) = self.db.read_one(scope, read).await?;
            // the total needs the whole range anyway, so the page is cut from it
            let total = days.iter().fold(Summary::zero(from), Summary::plus);
            let after = page.after::<i64>().unwrap_or(i64::MIN);
            let rest = days.into_iter().filter(|summary| convert::page_key(summary.day) > after).collect();
            let shown = page.page(rest, |summary: &Summary| convert::page_key(summary.day));
            let shown = shown.map(|summary| convert::to_pb(scope.practice(), &summary, mark));
            Ok(pb::ListPracticeSummariesResponse {
                summaries: shown.items,
                next_page_token: shown.next_page_token,
                total: Some(convert::to_pb(scope.practice(), &total, mark)),
            })
        })
        .await
    }
}
