/** @jsxImportSource preact */
/** What is shown instead of pages: being prepared, password, unreachable, errors. Loaded when needed. */
import CloudOff from "lucide/dist/esm/icons/cloud-off.mjs";
import FileX from "lucide/dist/esm/icons/file-x.mjs";
import Lock from "lucide/dist/esm/icons/lock.mjs";
import Clock from "lucide/dist/esm/icons/clock.mjs";
import Hourglass from "lucide/dist/esm/icons/hourglass.mjs";
import type { ApiError, ErrorCode } from "@lectern/protocol/plain";
import type { ComponentChildren, JSX } from "preact";
import type { Progress } from "../source/open-session.ts";
import { Icon, type IconNode } from "./icon.tsx";
import type { Translate } from "./locale.ts";
import type { Phase } from "./state.ts";

type Shown = Exclude<Phase, { kind: "loading" | "open" }>;

export function Card({ phase, translate }: { readonly phase: Shown; readonly translate: Translate }): JSX.Element {
  switch (phase.kind) {
    case "preparing":
      return <Preparing stage={phase.stage} pages={phase.pages} t={translate} />;
    case "password":
      return <Password phase={phase} t={translate} />;
    case "unreachable":
      return (
        <Frame icon={CloudOff} title={translate("error.unavailable.title")} detail={translate("error.unavailable.detail")} alert>
          <div class="actions">
            <button class="button primary" type="button" onClick={phase.tryAgain}>
              {translate("error.try-again")}
            </button>
          </div>
        </Frame>
      );
    case "error":
      return <Failed error={phase.error} t={translate} />;
  }
}

interface FrameProps {
  readonly icon: IconNode;
  readonly title: string;
  readonly detail: string;
  readonly alert?: boolean;
  readonly children?: ComponentChildren;
}

function Frame({ icon, title, detail, alert = false, children }: FrameProps): JSX.Element {
  return (
    <div class="state">
      <section class="card" role={alert ? "alert" : "status"}>
        <Icon node={icon} />
        <h2>{title}</h2>
        <p>{detail}</p>
        {children}
      </section>
    </div>
  );
}

function Preparing({ stage, pages, t }: Progress & { readonly t: Translate }): JSX.Element {
  const title =
    stage === "converting"
      ? t("loading.converting")
      : pages === null
        ? t("loading.preparing")
        : t("loading.preparing-pages", { done: pages.done, total: pages.total });
  return (
    <Frame icon={Hourglass} title={title} detail={t("loading.preparing-detail")}>
      {pages !== null && (
        <div class="progress">
          <div style={{ width: `${(pages.done / pages.total) * 100}%` }} />
        </div>
      )}
    </Frame>
  );
}

function Password({ phase, t }: { readonly phase: Extract<Phase, { kind: "password" }>; readonly t: Translate }): JSX.Element {
  return (
    <div class="state">
      <section class="card">
        <Icon node={Lock} />
        <h2>{t("password.title")}</h2>
        <p id="why" class={phase.wrong ? "wrong" : ""} role={phase.wrong ? "alert" : undefined}>
          {t(phase.wrong ? "password.wrong" : "password.detail")}
        </p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const input = event.currentTarget.elements.namedItem("password") as HTMLInputElement;
            if (input.value !== "") phase.enter(input.value);
          }}
        >
          <input
            class="field"
            name="password"
            type="password"
            autocomplete="off"
            aria-label={t("password.label")}
            placeholder={t("password.label")}
            aria-invalid={phase.wrong}
            aria-describedby="why"
            ref={(input) => input?.focus()}
          />
          <button class="button primary" type="submit">
            {t("password.open")}
          </button>
        </form>
      </section>
    </div>
  );
}

function Failed({ error, t }: { readonly error: ApiError; readonly t: Translate }): JSX.Element {
  const [name, icon] = KINDS[error.code] ?? ["other", FileX];
  return <Frame icon={icon} title={t(`error.${name}.title`)} detail={t(`error.${name}.detail`, { reason: error.message })} alert />;
}

const KINDS: Partial<Record<ErrorCode, readonly [name: string, icon: IconNode]>> = {
  token_expired: ["session", Clock],
  session_revoked: ["session", Clock],
  invalid_token: ["session", Clock],
  unauthorized: ["session", Clock],
  forbidden: ["forbidden", Lock],
  origin_not_allowed: ["forbidden", Lock],
  not_found: ["not-found", FileX],
  gone: ["not-found", FileX],
  document_failed: ["broken", FileX],
  invalid_document: ["broken", FileX],
  unprocessable: ["broken", FileX],
  unsupported_media_type: ["broken", FileX],
};
