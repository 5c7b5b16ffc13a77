// The strip above GraphiQL: whose API this is, what a refused field means, and the role picker.
import { createPortal } from "react-dom";
import { LEGEND } from "./refusals.js";
import { RolePicker } from "./RolePicker.jsx";
import { useSystemTheme } from "./theme.js";
import icon from "./icon.svg";

function Legend() {
  return (
    <>
      <button type="button" className="legend-button" popoverTarget="legend">
        Why is a field null?
      </button>
      <dl id="legend" popover="auto">
        {LEGEND.map(([sign, meaning]) => (
          <div key={sign}>
            <dt>{sign}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Rendered inside GraphiQL (the picker needs its editors), shown in the page's header. */
export function Bar() {
  useSystemTheme();
  return createPortal(
    <>
      <img src={icon} alt="" width="24" height="24" />
      <h1>
        Data Practices API <small>explorer</small>
      </h1>
      <Legend />
      <RolePicker />
    </>,
    document.getElementById("bar"),
  );
}
