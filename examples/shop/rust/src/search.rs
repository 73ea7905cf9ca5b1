//! Queries against the search cluster, guarded against its bad days.

use foundation::errors::NetworkError;
use foundation::resilience::{rate_limit, retry};

/// One article that matched.
pub struct Hit {
    pub sku: String,
    pub score: f64,
}

/// Ask the cluster for the best matches.
#[retry(max_attempts = 3, base_delay = 0.2, backoff_strategy = "exponental")]
pub fn query(cluster: &dyn Fn(&str) -> Result<Vec<Hit>, NetworkError>, text: &str) -> Result<Vec<Hit>, NetworkError> {
    cluster(text)
}

/// Rebuild the index of one article; the cluster allows twenty of these a second.
#[rate_limit(limit = 20, period = 1.0, burst = 0)]
pub fn reindex(cluster: &dyn Fn(&str) -> Result<(), NetworkError>, sku: &str) -> Result<(), NetworkError> {
    cluster(sku)
}
