use kernel::Clock;
use schema::Db;
use therapy_claims::analytics::v1 as pb;
use therapy_claims::analytics::v1::analytics_service_server::AnalyticsService;
use therapy_claims::google::r#type::Date;
use tonic::Code;

use super::*;
use crate::fixture::{Fixture, Practice};
use crate::{Analytics, rebuild};

const PAID: &str = "status = 'paid', payer_state = 'paid_full', paid_amount = 100.5, adjudicated_at = now()";
const DENIED: &str = "status = 'denied', payer_state = 'denied', adjudicated_at = now()";

fn date(day: i32) -> Option<Date> {
    Some(Date { year: 2026, month: 3, day })
}

/// Days 1 to 5 with one session each; those of 2, 3 and 5 were billed, and paid, paid and denied.
async fn five_days(fixture: &Fixture) -> Practice {
    let practice = fixture.practice().await;
    for (day, outcome) in
        [(1, None), (2, Some(("paid", PAID))), (3, Some(("paid", PAID))), (4, None), (5, Some(("denied", DENIED)))]
    {
        let session = fixture.book(practice, &format!("2026-03-0{day}")).await;
        if let Some((kind, set)) = outcome {
            let claim = fixture.complete(practice, session).await;
            let submission = fixture.submit(practice, claim, 7).await;
            fixture.answer(practice, claim, submission, kind, set).await;
        }
    }
    rebuild(&fixture.app, &Clock::system(), practice.id).await.unwrap();
    practice
}

async fn list(
    service: &Analytics,
    practice: Practice,
    request: pb::ListPracticeSummariesRequest,
) -> Result<pb::ListPracticeSummariesResponse, tonic::Status> {
    service.list_practice_summaries(Fixture::request(practice, request)).await.map(tonic::Response::into_inner)
}

fn days(summaries: &[pb::PracticeSummary]) -> Vec<i32> {
    summaries.iter().map(|summary| summary.day.unwrap().day).collect()
}

#[tokio::test]
async fn a_day_is_answered_with_its_rates() {
    let fixture = Fixture::new().await;
    let practice = five_days(&fixture).await;
    // the role that reads figures only, as on a replica
    let service = Analytics::new(Db::new(&fixture.test.url_as("claims_analytics"), 1).unwrap());
    let get = async |day| {
        let request = Fixture::request(practice, pb::GetPracticeSummaryRequest { day: date(day) });
        service.get_practice_summary(request).await.unwrap().into_inner()
    };
    let billed = get(2).await;
    assert_eq!((billed.sessions_completed, billed.claims_paid, billed.claims_denied), (1, 1, 0));
    assert_eq!((billed.charged_amount.as_str(), billed.paid_amount.as_str()), ("150.00", "100.50"));
    assert_eq!(billed.first_pass_rate.as_deref(), Some("1.0000"));
    assert_eq!(billed.denial_rate.as_deref(), Some("0.0000"));
    assert_eq!(billed.days_in_ar.as_deref(), Some("7.0"));
    assert_eq!((billed.practice_id, billed.as_of_position), (practice.id.to_string(), 9));
    assert!(billed.refreshed_at.is_some());

    let unbilled = get(1).await;
    assert_eq!((unbilled.sessions_scheduled, unbilled.charged_amount.as_str()), (1, "0.00"));
    assert_eq!((unbilled.first_pass_rate, unbilled.denial_rate, unbilled.days_in_ar), (None, None, None));
    let empty = get(20).await;
    assert_eq!((empty.sessions_scheduled, empty.paid_amount.as_str(), empty.as_of_position), (0, "0.00", 9));
}

#[tokio::test]
async fn a_range_is_paged_and_its_total_spans_all_pages() {
    let fixture = Fixture::new().await;
    let practice = five_days(&fixture).await;
    let service = Analytics::new(fixture.app.clone());
    let ask =
        pb::ListPracticeSummariesRequest { from_day: date(2), to_day: date(31), page_size: 3, ..Default::default() };
    let first = list(&service, practice, ask.clone()).await.unwrap();
    assert_eq!(days(&first.summaries), [2, 3, 4]);
    let ask = pb::ListPracticeSummariesRequest { page_token: first.next_page_token, ..ask };
    let second = list(&service, practice, ask.clone()).await.unwrap();
    assert_eq!((days(&second.summaries), second.next_page_token.as_str()), (vec![5], ""));
    assert_eq!(first.total, second.total);
    let total = first.total.unwrap();
    assert_eq!((total.day, total.sessions_completed, total.sessions_scheduled), (date(2), 3, 1));
    assert_eq!((total.claims_paid, total.claims_denied, total.paid_amount.as_str()), (2, 1, "201.00"));
    assert_eq!(total.denial_rate.as_deref(), Some("0.3333"));
    assert_eq!(total.days_in_ar.as_deref(), Some("7.0"));

    // a token is good for its own range only
    let other = pb::ListPracticeSummariesRequest { to_day: date(30), ..ask };
    assert_eq!(list(&service, practice, other).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn another_practices_figures_are_not_seen() {
    let fixture = Fixture::new().await;
    five_days(&fixture).await;
    let stranger = fixture.practice().await;
    let service = Analytics::new(fixture.app.clone());
    let ask = pb::ListPracticeSummariesRequest { from_day: date(1), to_day: date(31), ..Default::default() };
    let answer = list(&service, stranger, ask).await.unwrap();
    assert_eq!(answer.summaries, []);
    let total = answer.total.unwrap();
    assert_eq!((total.sessions_completed, total.as_of_position, total.refreshed_at), (0, 0, None));
}

#[tokio::test]
async fn a_range_must_be_whole_and_not_too_long() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let service = Analytics::new(fixture.app.clone());
    let range = |from_day, to_day| pb::ListPracticeSummariesRequest { from_day, to_day, ..Default::default() };
    let far = Some(Date { year: 2028, month: 3, day: 2 });
    for (request, is_fine) in [
        (range(date(1), date(1)), true),
        (range(date(1), Some(Date { year: 2028, month: 3, day: 1 })), true),
        (range(date(1), far), false),
        (range(date(2), date(1)), false),
        (range(None, date(1)), false),
        (range(date(1), date(32)), false),
    ] {
        let answer = list(&service, practice, request.clone()).await;
        assert_eq!(answer.is_ok(), is_fine, "{request:?}");
        assert!(is_fine || answer.is_err_and(|status| status.code() == Code::InvalidArgument));
    }
}

#[test]
fn a_ratio_is_rounded_and_needs_something_to_divide_by() {
    assert_eq!(ratio(1, 3, 4).as_deref(), Some("0.3333"));
    assert_eq!(ratio(2, 3, 4).as_deref(), Some("0.6667"));
    assert_eq!(ratio(1, 1, 4).as_deref(), Some("1.0000"));
    assert_eq!(ratio(125, 100, 1).as_deref(), Some("1.3"));
    assert_eq!(ratio(0, 5, 1).as_deref(), Some("0.0"));
    assert_eq!(ratio(1, 0, 4), None);
}
