/**
 * The container image, built and run for real: with Docker where an engine answers, else with buildah as root on a
 * stand-in for the base image (base-image.sh), which needs no image registry.
 */
import type { Progress } from '../servers/servers.ts';

/** What the Dockerfile says about how the image is run. */
export interface ImageConfig {
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: string;
  readonly volumes: readonly string[];
  /** The program of the health check, without `CMD`. */
  readonly healthcheck: readonly string[];
}

export interface Ended {
  readonly code: number;
  /** stdout and stderr. */
  readonly output: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** So far. */
  output(): string;
  /** Sends SIGTERM to the program, as a supervisor does. */
  stop(): Promise<Ended>;
}

type Environment = Readonly<Record<string, string>>;

/** Programs use the network of this machine; whether they share their files is not said. */
export interface Image {
  readonly config: ImageConfig;
  readonly sizeBytes: number;
  /** Runs a program in a container, as the user of the image. */
  start(program: readonly string[], env?: Environment): Running;
  /** Removes the image and its containers, not the base. */
  remove(): Promise<void>;
}

export interface BuildOptions {
  readonly name: string;
  readonly folder: string;
  /** `id` and file of what the build may read and the image never holds. */
  readonly secrets: readonly string[];
  readonly progress: Progress;
}
