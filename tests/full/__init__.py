"""The steps of `.ci/full`: heavy tests, benchmarks, power cuts; each leaves a dated line."""
