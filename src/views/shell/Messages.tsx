import { usePage } from '../../state/store.ts';
import { explain } from '../shared/messages.ts';

/** What went wrong while the page goes on, and what a visitor should know of this link. */
export function Messages() {
  const problem = usePage((state) => state.problem);
  const notes = usePage((state) => state.notes);
  const open = usePage((state) => state.update);
  const dismissProblem = usePage((state) => state.dismissProblem);
  const dismissNotes = usePage((state) => state.dismissNotes);
  const said = problem && explain(problem);
  return (
    <div className="messages">
      <div role="alert">
        {said && (
          <div className="message message-danger">
            <p>
              <strong>{said.particular}</strong> {said.remedy}
            </p>
            <button type="button" className="quiet" onClick={dismissProblem}>
              Dismiss
            </button>
          </div>
        )}
      </div>
      <div role="status">
        {open && (
          <div className="message message-news">
            <p>A new version of this page is ready. What you see is kept in the address.</p>
            <button type="button" className="quiet" onClick={open}>
              Open it
            </button>
          </div>
        )}
        {notes.length > 0 && (
          <div className="message message-warning">
            <div>
              {notes.map((note) => (
                <p key={note}>{note}</p>
              ))}
            </div>
            <button type="button" className="quiet" onClick={dismissNotes}>
              Dismiss
            </button>
          </div>
        )}
      </div>
    </div>
  );
}
