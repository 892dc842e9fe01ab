import '../shared/disposal.ts';
import { expose } from 'comlink';
import { Engine } from './engine.ts';
import { installErrorTransfer } from './transfer.ts';

installErrorTransfer();
expose(new Engine());
