import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type Metric, type ProcessFacts, type Sample, type Snapshot } from './metric-table.ts';

export interface Metrics<S = Snapshot> {
  /** Of what `render` returns. */
  readonly contentType: string;
  /** Every metric in Prometheus' text format, from one snapshot. */
  render(snapshot: Omit<S, 'process'>): Promise<string>;
}

/**
 * The relay counts in plain numbers, and they are copied here when somebody asks: an increment of the library costs 0.3
 * us. The library's own process metrics are not used: they leave a timer and an observer running that nothing can end.
 */
export const createMetrics = (): Metrics => metricsOf(METRICS, (taken) => ({ ...taken, process: ownProcess() }));

/** Of any table of metrics. `complete`: makes a snapshot of what `render` is given. */
export function metricsOf<S>(table: readonly Metric<S>[], complete: (taken: Omit<S, 'process'>) => S): Metrics<S> {
  const registry = new Registry();
  let snapshot: S;
  for (const { name, type, help, labelNames, samples } of table) {
    const options = { name, help, labelNames: [...labelNames], registers: [registry] };
    if (type === 'counter')
      new Counter({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of known(samples(snapshot))) this.inc(labels, value);
        },
      });
    else if (type === 'histogram') {
      // The library's histogram can only count itself: of it is taken what stands around the values.
      const frame = new Histogram({ ...options, registers: [] });
      new Gauge(options).get = async () => ({ ...(await frame.get()), values: valuesOf(name, samples(snapshot)) });
    } else
      new Gauge({
        ...options,
        collect() {
          this.reset();
          if (labelNames.length === 0) this.remove(); // reset alone leaves a 0
          for (const { labels, value } of known(samples(snapshot))) this.set(labels, value);
        },
      });
  }
  return {
    contentType: registry.contentType,
    render: (taken) => {
      snapshot = complete(taken);
      return registry.metrics();
    },
  };
}

function* known(samples: readonly Sample[]): Generator<{ labels: Sample['labels']; value: number }> {
  for (const { labels, value } of samples) if (value !== undefined) yield { labels, value };
}

const valuesOf = (
  name: string,
  samples: readonly Sample[],
): { metricName: string; labels: Sample['labels']; value: number }[] =>
  samples.map(({ suffix = '', labels, value = 0 }) => ({ metricName: `${name}${suffix}`, labels, value }));

export function ownProcess(): ProcessFacts {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startSeconds: performance.timeOrigin / 1000,
  };
}
