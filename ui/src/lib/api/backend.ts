/**
 * The one way the window speaks with the engine: `call(method, params)`, typed by method name from the generated
 * `Request` and `Reply`, and one stream of `UiEvent`s. Which engine is behind it, a native one or one on loopback, is
 * nobody's business but this folder's.
 */
import type { ApiError } from './types/ApiError';
import type { ErrorCode } from './types/ErrorCode';
import type { Reply } from './types/Reply';
import type { Request } from './types/Request';
import type { UiEvent } from './types/UiEvent';

export type Method = Request['method'];

type RequestOf<M extends Method> = Extract<Request, { method: M }>;
type ReplyOf<M extends Method> = Extract<Reply, { method: M }>;

/** What a method takes; nothing for those without parameters. */
export type Params<M extends Method> = RequestOf<M> extends { params: infer P } ? P : undefined;

/** What a method answers; nothing for those without a result. */
export type Result<M extends Method> = ReplyOf<M> extends { result: infer R } ? R : undefined;

/** The arguments after the method's name: none where the method takes none. */
export type Args<M extends Method> = Params<M> extends undefined ? [] : [params: Params<M>];

export interface Backend {
  /** Ask the engine. Rejects with an {@link ApiFailure}; a refusal is not a rejection. */
  call<M extends Method>(method: M, ...args: Args<M>): Promise<Result<M>>;
  /** Hear what the engine says unasked. Answers how to stop. */
  listen(handler: (event: UiEvent) => void): () => void;
  /** Tell the shell that the first list can be used: it measures the start and shows the window. */
  ready(): void;
}

/** An error of the engine or of the way to it. */
export class ApiFailure extends Error {
  readonly code: ErrorCode;

  constructor(error: ApiError) {
    super(error.message);
    this.name = 'ApiFailure';
    this.code = error.code;
  }
}

/** Whatever was thrown, as a failure with a code from the closed list. */
export function asFailure(thrown: unknown): ApiFailure {
  if (thrown instanceof ApiFailure) return thrown;
  if (isApiError(thrown)) return new ApiFailure(thrown);
  return new ApiFailure({
    code: 'internal',
    message: thrown instanceof Error ? thrown.message : String(thrown),
  });
}

/** Whether a value from outside has the shape of an error of ours. */
export function isApiError(value: unknown): value is ApiError {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as ApiError).code === 'string' &&
    typeof (value as ApiError).message === 'string'
  );
}

/** A request as it travels. */
export function request(method: Method, params: unknown): Request {
  return (params === undefined ? { method } : { method, params }) as Request;
}

/** The result in an answer, checked to be the answer to what was asked. */
export function resultOf<M extends Method>(method: M, reply: unknown): Result<M> {
  if (typeof reply === 'object' && reply !== null && (reply as Reply).method === method) {
    return (reply as { result?: unknown }).result as Result<M>;
  }
  throw new ApiFailure({ code: 'internal', message: `the answer to ${method} is of another kind` });
}
