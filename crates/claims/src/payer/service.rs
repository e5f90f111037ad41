//! `PayerService`: reads the list as it is kept at hand.

use chrono::NaiveDate;
use kernel::clock::parts;
use kernel::{Call, Failure, Violations, answer};
use therapy_claims::claims::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Listed, PayerProfile, Payers};

#[tonic::async_trait]
impl pb::payer_service_server::PayerService for Payers {
    async fn get_payer(&self, request: Request<pb::GetPayerRequest>) -> Result<Response<pb::Payer>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.text("id", &message.id, 80);
            let id = v.done(id)?;
            let list = self.list().await?;
            let listed = list.get(&id).ok_or_else(|| Failure::not_found("payer", &id))?;
            Ok(to_pb(listed, scope.now().date_naive()))
        })
        .await
    }

    async fn list_payers(
        &self,
        request: Request<pb::ListPayersRequest>,
    ) -> Result<Response<pb::ListPayersResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let valid_on = v.optional_date("valid_on", message.valid_on.map(Into::into));
            let page = scope.page(&mut v, message.page_size, &message.page_token, &valid_on);
            let page = v.done(page)?;
            let list = self.list().await?;
            let mut listed: Vec<&Listed> =
                list.values().filter(|l| valid_on.is_none_or(|day| l.is_listed_on(day))).collect();
            listed.sort_by(|a, b| a.payer.id.cmp(&b.payer.id));
            let after = page.after::<String>();
            listed.retain(|l| after.as_ref().is_none_or(|after| l.payer.id > *after));
            let found = page.page(listed, |l| l.payer.id.clone());
            let day = valid_on.unwrap_or_else(|| scope.now().date_naive());
            let payers = found.items.into_iter().map(|l| to_pb(l, day)).collect();
            Ok(pb::ListPayersResponse { payers, next_page_token: found.next_page_token })
        })
        .await
    }
}

fn to_pb(listed: &Listed, day: NaiveDate) -> pb::Payer {
    let payer = &listed.payer;
    let profile = listed.profile_on(day);
    pb::Payer {
        id: payer.id.clone(),
        name: payer.name.clone(),
        filing_indicator: payer.filing_indicator.clone(),
        timely_filing_days: profile.map_or(0, |profile| profile.timely_filing_days),
        valid_from: Some(parts(payer.valid_from).into()),
        valid_to: payer.valid_to.map(|to| parts(to).into()),
        profile: profile.map(profile_to_pb),
    }
}

fn profile_to_pb(profile: &PayerProfile) -> pb::PayerProfile {
    let PayerProfile {
        payer_id: _,
        valid_from,
        valid_to,
        needs_group_number,
        timely_filing_days,
        telehealth_pos,
        telehealth_modifier,
        audio_modifier,
        forbids_telehealth_in_office,
        wants_supervisor,
        wants_taxonomy,
        in_network_only,
        takes_replacements,
        needs_zip4,
        member_id_pattern,
        authorization_codes,
        unit_caps,
        evaluation_months,
    } = profile.clone();
    pb::PayerProfile {
        valid_from: Some(parts(valid_from).into()),
        valid_to: valid_to.map(|to| parts(to).into()),
        timely_filing_days,
        needs_group_number,
        telehealth_place_of_service: telehealth_pos.unwrap_or_default(),
        telehealth_modifier: telehealth_modifier.unwrap_or_default(),
        audio_modifier: audio_modifier.unwrap_or_default(),
        forbids_telehealth_in_office,
        wants_supervisor,
        wants_taxonomy,
        in_network_only,
        takes_replacements,
        needs_zip4,
        member_id_pattern: member_id_pattern.unwrap_or_default(),
        authorization_codes: authorization_codes.0,
        unit_caps: unit_caps.0.into_iter().collect(),
        evaluation_months,
    }
}
