//! Live progress: a hash for each run, with how it stands and what each task reported.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use fred::{interfaces::HashesInterface, types::Value};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use stagemark::{
    RunId, Status,
    ports::{AcceleratorError, Glimpse, HeldBeat, Live, News, Standing, TaskId},
};

use crate::{Redis, locks::millis};

const TELL: &str = include_str!("scripts/tell.lua");
const STANDING: &str = "standing";

#[derive(Serialize, Deserialize)]
struct Stands {
    status: Status,
    stamp: u64,
}

#[derive(Serialize, Deserialize)]
struct Reported {
    fraction: f64,
    message: String,
}

#[async_trait]
impl Live for Redis {
    async fn tell(&self, news: &[News], time_to_live: Duration) -> Result<(), AcceleratorError> {
        // All are sent before the first is answered.
        try_join_all(news.iter().map(|news| self.tell_of(news, time_to_live))).await?;
        Ok(())
    }

    async fn look(&self, run: RunId) -> Result<Glimpse, AcceleratorError> {
        let told: HashMap<String, String> =
            self.ask("looking at a run", self.client().hgetall(self.prefix().live(run))).await?;
        let standing = told.get(STANDING).and_then(|text| serde_json::from_str(text).ok());
        let standing = standing.map(|Stands { status, stamp }| Standing { status, stamp });
        let mut beats: Vec<_> = told.iter().filter_map(|(task, told)| beat(task, told)).collect();
        beats.sort_by_key(|beat| beat.id);
        Ok(Glimpse { standing, beats })
    }
}

impl Redis {
    async fn tell_of(&self, news: &News, time_to_live: Duration) -> Result<(), AcceleratorError> {
        let standing = news.standing.map(|Standing { status, stamp }| json(&Stands { status, stamp }));
        let mut arguments = vec![millis(time_to_live), standing.unwrap_or_default().into()];
        for beat in &news.beats {
            let reported = Reported { fraction: beat.fraction, message: beat.message.to_string() };
            arguments.push(format!("{}/{}", beat.id.node, beat.id.item).into());
            arguments.push(Value::Integer(beat.attempt.into()));
            arguments.push(json(&reported).into());
        }
        let keys = vec![self.prefix().live(news.run)];
        self.run("telling of a run", TELL, keys, arguments).await
    }
}

/// What a task reported; what this version cannot read is left out.
fn beat(task: &str, told: &str) -> Option<HeldBeat> {
    let ((node, item), (attempt, reported)) = (task.split_once('/')?, told.split_once(' ')?);
    let id = TaskId { node: node.parse().ok()?, item: item.parse().ok()? };
    let Reported { fraction, message } = serde_json::from_str(reported).ok()?;
    Some(HeldBeat { id, attempt: attempt.parse().ok()?, fraction, message: message.into(), details: None })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and texts are JSON")
}
