/** Filling forms: `@lectern/pdf/forms`. No platform, no schema library, no engine. */
export {
  calculate,
  displayText,
  type FieldValue,
  type FilledField,
  type InputHint,
  inputHint,
  isOn,
  isReadOnly,
  isRequired,
  refusal,
  valuesOf,
  valueText,
} from "./fill.ts";
export { checkRecord, deriveOps, type FormLayer, type FormRefusal, formRules } from "./rules.ts";
export { drawWidget, type DrawnWidget } from "./appearance.ts";
