import { useEffect, useRef, useState } from 'react';
import type { EnvironmentName } from '../api';

interface Props {
  readonly id: string;
  readonly environment: EnvironmentName;
  readonly stacks: readonly string[];
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** Asks before everything of an environment goes; the deployment's id has to be typed. */
export function ConfirmDestroy({ id, environment, stacks, onConfirm, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const isRight = typed.trim().toUpperCase() === id;
  return (
    <dialog ref={dialog} className="card" aria-labelledby="destroy-title" onCancel={onCancel} onClose={onCancel}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isRight) onConfirm();
        }}
      >
        <h2 id="destroy-title">
          Destroy {environment} of {id}?
        </h2>
        <p>
          All resources of {stacks.join(', ')} are removed, in reverse order. Data in them is lost; the deployment and
          its history stay.
        </p>
        <label>
          <span>
            Type <code>{id}</code> to confirm
          </span>
          <input value={typed} autoFocus autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
        </label>
        <div className="buttons">
          <button type="button" onClick={onCancel}>
            Keep it
          </button>
          <button type="submit" className="danger" disabled={!isRight}>
            Destroy
          </button>
        </div>
      </form>
    </dialog>
  );
}
