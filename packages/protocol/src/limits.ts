/** Limits that both sides know; the service may be configured with others and says so in `welcome`. */
export interface SyncLimits {
  /** Bytes of one WebSocket frame. */
  readonly frameBytes: number;
  /** Bytes of one record as JSON. */
  readonly recordBytes: number;
  readonly recordsPerLayer: number;
  readonly opsPerPush: number;
  /** Ops a client may have sent without an answer. */
  readonly unackedOps: number;
  readonly opsPerSecond: number;
  readonly opsBurst: number;
}

export const SYNC_LIMITS: SyncLimits = {
  frameBytes: 1_000_000,
  recordBytes: 256_000,
  recordsPerLayer: 100_000,
  opsPerPush: 200,
  unackedOps: 256,
  opsPerSecond: 50,
  opsBurst: 500,
};

/** Widths in pixels at which page images are made: a fixed ladder, so that caches are shared. */
export const IMAGE_WIDTHS = [160, 320, 640, 960, 1280, 1920, 2560, 3840] as const;

/** The smallest rung that is at least `width` pixels wide, else the largest. */
export function imageWidth(width: number): number {
  return IMAGE_WIDTHS.find((rung) => rung >= width) ?? IMAGE_WIDTHS[IMAGE_WIDTHS.length - 1]!;
}

/** Widths of the whole page at which it is shown in tiles: beyond the last of the ladder. */
export const TILE_WIDTHS = [5120, 7680, 10240, 15360, 20480] as const;
/** Width and height of a tile in pixels; the last ones of a row or column are smaller. */
export const TILE_PIXELS = 512;
