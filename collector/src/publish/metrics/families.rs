//! One metric family at a time into prometheus-client's encoder: name, help, rows.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelValue, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::publish::moment::Histogram;

/// Writes families in the order they are given. A family without rows still has its description.
#[derive(Debug)]
pub(super) struct Families<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl<'a> Families<'a> {
    /// Families into `encoder`.
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self { encoder }
    }

    /// A gauge: `name{labels} value`.
    pub(super) fn gauge<V: EncodeLabelValue, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([(&'static str, V); N], f64)>,
    ) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in rows {
            if N == 0 {
                family.encode_gauge(&value)?; // `name 1`, not `name{} 1`
            } else {
                family.encode_family(&labels)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }

    /// A counter: `name_total{labels} value`.
    pub(super) fn counter<V: EncodeLabelValue, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([(&'static str, V); N], u64)>,
    ) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in rows {
            if N == 0 {
                family.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            } else {
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
        Ok(())
    }

    /// A counter of seconds without labels, if it is known.
    pub(super) fn seconds_counter(
        &mut self,
        name: &str,
        help: &str,
        value: Option<f64>,
    ) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        match value {
            Some(value) => family.encode_counter::<NoLabelSet, _, u64>(&value, None),
            None => Ok(()),
        }
    }

    /// Facts: `name_info{labels} 1`.
    pub(super) fn info<V: EncodeLabelValue, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = [(&'static str, V); N]>,
    ) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Info)?;
        for labels in rows {
            family.encode_info(&labels)?;
        }
        Ok(())
    }

    /// A histogram without labels.
    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        let within: u64 = histogram.buckets.iter().map(|(_, count)| count).sum();
        let mut buckets = histogram.buckets.clone();
        // The encoder writes this bound as +Inf, which a histogram must have.
        buckets.push((f64::INFINITY, histogram.count.saturating_sub(within)));
        family.encode_histogram::<NoLabelSet>(histogram.sum_seconds, histogram.count, &buckets, None)
    }
}
